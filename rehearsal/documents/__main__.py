"""``python -m rehearsal.documents lint PATH…``: the checker without the rest of the command line."""

from __future__ import annotations

import click

from rehearsal.documents.commands import lint, plan

main = click.Group("documents", commands=[lint, plan], help="Check SSM documents, and see what a runbook would do.")

if __name__ == "__main__":
    main(prog_name="python -m rehearsal.documents")
