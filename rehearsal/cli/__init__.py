"""The command line of the rehearsal."""

from __future__ import annotations


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    from rehearsal.cli.commands import cli  # noqa: PLC0415 - importing this package must cost nothing

    cli(prog_name="./rehearse")
