"""Bash needs a first line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rehearsal.documents.rule import COMMAND, Level, Problem, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_BASHISM = re.compile(
    r"(?P<pipefail>set -\w*o? ?\w* ?pipefail)|(?P<brackets>(?:^|[;&|]|\bif|\bwhile|\buntil)\s*\[\[\s)|(?P<here><<<)"
    r"|(?P<process>[<>]\()|(?P<source>^\s*source\s)|(?P<array>^\s*\w+=\()|(?P<function>^\s*function\s+\w+)"
    r"|(?P<both>&>)|(?P<case>\$\{\w+(?:,,|\^\^|//))|(?P<declare>^\s*(?:declare|mapfile|readarray|shopt)\s)"
)


def check(subject: Subject) -> Iterator[Problem]:
    """A script that is bash says so on its very first line."""
    for script in subject.command.shell_scripts:
        if script.shebang is not None or not script.is_known:
            continue
        for number, line in enumerate(script.text.split("\n"), start=1):
            path, at = script.at(number)
            if line.startswith("#!"):
                yield Problem(
                    path, "the first line of the script names its interpreter, and this is a later one", at=(at, 1)
                )
                break
            match = None if line.lstrip().startswith("#") else _BASHISM.search(line)
            if match is not None:
                message = (
                    "this is bash, and without #!/bin/bash on the first line sh reads it (dash on Debian and Ubuntu)"
                )
                yield Problem(path, message, at=(at, match.start() + 1))
                break


RULE = Rule(
    id="C009",
    level=Level.WARNING,
    summary="A script that is written in bash begins with #!/bin/bash.",
    why="Without it the host's sh runs the script: dash stops at `set -o pipefail` with exit code 2.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-command-ssm-plugin-reference.html",
    check=check,
    kinds=COMMAND,
)
