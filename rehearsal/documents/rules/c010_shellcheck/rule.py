"""Embedded shell scripts pass shellcheck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.command import CommandDocument, ShellScript
from rehearsal.documents.model import Document, DocumentKind
from rehearsal.documents.references import REFERENCE
from rehearsal.documents.rule import Level, LibraryProblem, LibraryRule, Problem
from rehearsal.documents.shellcheck import Comment, run_shellcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.library import Library


def check(library: Library) -> Iterator[LibraryProblem]:
    """Every script of every command document, all of them in as few runs of shellcheck as there are processors."""
    owners: list[tuple[Document, ShellScript]] = [
        (document, script)
        for document in library.documents
        if document.kind is DocumentKind.COMMAND
        for script in CommandDocument(document).shell_scripts
        if script.is_shell and script.is_known
    ]
    texts = [(script.text, script.shebang is None) for _, script in owners]
    for (document, script), comments in zip(owners, run_shellcheck(texts), strict=True):
        lines = script.text.split("\n")
        for comment in comments:
            if REFERENCE.search(lines[comment.line - 1]):
                continue  # what shellcheck says of {{ braces }} is no news: rule C007 speaks of them
            yield LibraryProblem(document, _problem(script, comment))


def _problem(script: ShellScript, comment: Comment) -> Problem:
    path, line = script.at(comment.line)
    return Problem(path, f"SC{comment.code}: {comment.message}", at=(line, comment.column))


RULE = LibraryRule(
    id="C010",
    level=Level.WARNING,
    summary="Every shell script that a document embeds passes shellcheck.",
    why="Unquoted variables, unset defaults and commands that cannot fail are found before a host finds them.",
    source="https://www.shellcheck.net/wiki/",
    check=check,
)
