"""The command line of the rehearsal."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    import click  # noqa: PLC0415 - importing this package must cost nothing

    from rehearsal.cli.commands import cli  # noqa: PLC0415 - the same
    from rehearsal.cli.problems import INTERRUPTED, TERMINATED, as_problem  # noqa: PLC0415 - the same

    # A command that is told to end takes down what it has half made, as it does at Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        code = cli.main(prog_name="./rehearse", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("rehearse: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        problem = as_problem(error)
        if problem is None:
            raise
        problem.show()
        sys.exit(problem.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
