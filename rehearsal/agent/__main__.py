"""`python -m rehearsal.agent`: run one document, or (`--serve`) be the agent of a host."""

from __future__ import annotations

import sys


def main(arguments: list[str]) -> int:
    """Exit status of the process. Modules are imported as needed: a host's agent has to be up at once."""
    if arguments[:1] == ["--serve"]:
        from rehearsal.agent.service import serve  # noqa: PLC0415

        return serve(arguments[1:])
    if arguments[:1] == ["--worker"]:
        from rehearsal.agent.worker import work  # noqa: PLC0415

        return work(arguments[1:])
    from rehearsal.agent.command_line import run  # noqa: PLC0415

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
