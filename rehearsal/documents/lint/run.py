"""Running the rules over documents, in as many processes as there are processors."""

from __future__ import annotations

import linecache
import multiprocessing
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.documents.library import Library
from rehearsal.documents.lint.finding import Finding, finding_of, is_computed
from rehearsal.documents.lint.ignores import Ignore, ignores_of, split
from rehearsal.documents.registry import all_rules, document_rules, library_rules
from rehearsal.documents.rule import Level, Rule, Subject

if TYPE_CHECKING:
    from collections.abc import Collection as AnyCollection
    from collections.abc import Iterable, Sequence
    from multiprocessing.connection import Connection

    from rehearsal.documents.lint.collect import Collection
    from rehearsal.documents.model import Document, DocumentError

UNREADABLE = "L001"
IGNORES = "L006"
_ALONE = 12
"""Documents that one process has checked before a second one is up."""


@dataclass(frozen=True)
class Result:
    """How many documents were checked, and what was found, in the order of the files."""

    documents: int
    findings: tuple[Finding, ...]

    def count(self, level: Level) -> int:
        """How many findings of a level there are."""
        return sum(1 for finding in self.findings if finding.level is level)


@dataclass(frozen=True)
class Selection:
    """Which rules run: all but `skip`, or only `only`."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()

    def has(self, rule: str) -> bool:
        """Whether a rule is to run."""
        return rule not in self.skip and (not self.only or rule in self.only)

    @property
    def is_everything(self) -> bool:
        """Whether no rule was left out, so that an ignore without effect is known to have none."""
        return not self.only and not self.skip


def check(found: Collection, selection: Selection | None = None, jobs: int | None = None) -> Result:
    """Run the rules over everything that was collected."""
    selection = selection or Selection()
    documents = found.documents
    findings = [_unreadable(error) for error in found.failures if selection.has(UNREADABLE)]
    library = Library(tuple(documents), tuple(found.templates), tuple(found.registries))
    raw = _check_documents(documents, selection, jobs or os.cpu_count() or 1) + [[] for _ in library.files]
    everything = (*documents, *library.files)
    index = {id(document): position for position, document in enumerate(everything)}
    for rule in library_rules():
        for problem in rule.check(library) if selection.has(rule.id) else ():
            if not is_computed(problem.document, problem.problem):
                raw[index[id(problem.document)]].append(finding_of(problem.document, rule, problem.problem))
    for document, own in zip(everything, raw, strict=True):
        findings.extend(_after_ignores(document, own, selection))
    return Result(len(documents), tuple(sorted(set(findings), key=lambda finding: finding.order)))


def check_document(document: Document, rules: Iterable[Rule]) -> list[Finding]:
    """Run rules over one document; nothing is ignored yet."""
    subject = Subject(document)
    return [
        finding_of(document, rule, problem)
        for rule in rules
        if document.kind in rule.kinds
        for problem in rule.check(subject)
        if not is_computed(document, problem)
    ]


def _check_documents(documents: Sequence[Document], selection: Selection, jobs: int) -> list[list[Finding]]:
    rules = [rule for rule in document_rules() if selection.has(rule.id)]
    if len(documents) <= _ALONE or jobs < 2 or "fork" not in multiprocessing.get_all_start_methods():  # noqa: PLR2004
        return [check_document(document, rules) for document in documents]
    return _in_processes(documents, rules, jobs)


def _in_processes(documents: Sequence[Document], rules: Sequence[Rule], jobs: int) -> list[list[Finding]]:
    """Check every n-th document in each of n children. A forked child has the documents already: nothing is sent."""
    context = multiprocessing.get_context("fork")
    children: list[tuple[Connection, Any]] = []
    for first in range(jobs):
        receiving, sending = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(sending, documents[first::jobs], rules), daemon=True)
        child.start()
        sending.close()
        children.append((receiving, child))
    found: list[list[Finding]] = [[] for _ in documents]
    for first, (receiving, child) in enumerate(children):
        try:
            found[first::jobs] = receiving.recv()
        except EOFError as error:
            child.join()
            raise RuntimeError(f"a process that checked documents ended with code {child.exitcode}") from error
        child.join()
    return found


def _child(sending: Connection, documents: Sequence[Document], rules: Sequence[Rule]) -> None:
    sending.send([check_document(document, rules) for document in documents])
    sending.close()


def _after_ignores(document: Document, findings: list[Finding], selection: Selection) -> list[Finding]:
    ignores = ignores_of(document)
    if not ignores:
        return findings
    kept, used = split(findings, ignores)
    if selection.has(IGNORES):
        known = {rule.id for rule in all_rules()}
        kept.extend(_ignore_findings(document, ignores, used, known, complete=selection.is_everything))
    return kept


def _ignore_findings(
    document: Document, ignores: list[Ignore], used: set[Ignore], known: AnyCollection[str], *, complete: bool
) -> Iterable[Finding]:
    for ignore in ignores:
        if ignore.rule not in known:
            message, level = f'"{ignore.rule}" is no rule: write "# lint: ignore RULE reason"', Level.ERROR
        elif not ignore.reason:
            message, level = f"{ignore.rule} is ignored without a reason: write it after the rule", Level.ERROR
        elif complete and ignore not in used:
            message, level = f"{ignore.rule} finds nothing here any more: remove the comment", Level.WARNING
        else:
            continue
        yield Finding(ignore.place, document.name, IGNORES, level, "", message, ignore.source_line, ())


def _unreadable(error: DocumentError) -> Finding:
    place = error.place
    name = place.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    line = linecache.getline(place.file, place.line).rstrip("\r\n")
    return Finding(place, name, UNREADABLE, Level.ERROR, "", error.message, line, ())
