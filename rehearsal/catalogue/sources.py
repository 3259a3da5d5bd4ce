"""Everything that the catalogue is made of: documents, templates, the registry of patterns, groups, measurements."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rehearsal.documents.lint.collect import collect
from rehearsal.documents.model import Document, DocumentKind
from rehearsal.documents.roles import Role, roles_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

GROUPS = "groups.yaml"
MEASUREMENTS = "measurements.json"

RECORD: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("scenario", "runbook", "status", "date"), (str,)),
    **dict.fromkeys(("duration_seconds", "requests", "lost", "lost_seconds"), (int, float, type(None))),
    "passed": (bool,),
    "options": (dict,),
}
"""What of a measurement pages are made of, with its types."""
_MISSING = object()


class CatalogueError(Exception):
    """The sources do not fit together; the text names the file, the document and what to do."""


@dataclass(frozen=True)
class Sources:
    """`templates` are CloudFormation templates with long-form functions; `root` is what paths are shown from.

    `groups` are purposes, in order, with the names of their runbooks; `measured` are records of `measurements.json`;
    `rehearsed` are the parameters that scenarios give each runbook.
    """

    root: Path
    documents: tuple[Document, ...]
    templates: tuple[Mapping[str, Any], ...]
    patterns: Mapping[str, Any]
    groups: Mapping[str, tuple[str, ...]]
    measured: tuple[Mapping[str, Any], ...]
    rehearsed: Mapping[str, tuple[Mapping[str, Any], ...]]

    def of_kind(self, kind: DocumentKind) -> tuple[Document, ...]:
        """The documents of one kind, by name."""
        return tuple(sorted((one for one in self.documents if one.kind is kind), key=lambda one: one.name))

    @cached_property
    def by_name(self) -> Mapping[str, Document]:
        return {document.name: document for document in self.documents}

    @cached_property
    def roles(self) -> Mapping[str, tuple[Role, str]]:
        """Each runbook's role, and how the template describes it."""
        found = {}
        for template in self.templates:
            for role in roles_of(template):
                properties = template["Resources"].get(role.name, {}).get("Properties", {})
                for name, _ in role.documents:
                    found[name] = (role, str(properties.get("Description", "")))
        return found

    def shown(self, document: Document) -> str:
        """The file of a document, from the root of the checkout."""
        return Path(document.path or document.name).resolve().relative_to(self.root).as_posix()


def read_sources(root: Path, paths: Iterable[Path], folder: Path, scenarios: Path | None = None) -> Sources:
    """Read the library under `paths` (documents, their registry, templates) and what is kept in the catalogue's folder.

    Raises CatalogueError when a file cannot be read or the groups do not name each runbook once.
    """
    found = collect(paths)
    if found.failures:
        raise CatalogueError(str(found.failures[0]))
    sources = Sources(
        root=root.resolve(),
        documents=tuple(found.documents),
        templates=tuple(reading.value for reading in found.templates),
        patterns={pattern: entry for reading in found.registries for pattern, entry in reading.value.items()},
        groups=_groups(folder / GROUPS),
        measured=tuple(read_measurements(folder / MEASUREMENTS)),
        rehearsed=_rehearsed(scenarios) if scenarios else {},
    )
    _check_groups(sources, folder / GROUPS)
    return sources


def read_measurements(path: Path) -> list[dict[str, Any]]:
    """The records of `measurements.json`; none when there is no such file."""
    if not path.is_file():
        return []
    try:
        records = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CatalogueError(f"{path} is no JSON: {error}") from error
    check_records(records, path)
    return list(records)


def check_records(records: Any, path: Path) -> None:
    """Raise CatalogueError unless these are a list of measurements, of a shape that pages can be made of."""
    if not isinstance(records, list):
        raise CatalogueError(f"{path} is no list of measurements")
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise CatalogueError(f"{path}: measurement {number} is no object")
        unfit = [key for key, kind in RECORD.items() if not isinstance(record.get(key, _MISSING), kind)]
        if unfit:
            raise CatalogueError(f"{path}: measurement {number} is of another version: look at its {', '.join(unfit)}")


def _rehearsed(folder: Path) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """The parameters of each scenario, by its runbook; files that are no scenario are passed over."""
    found: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for path in sorted(folder.glob("*.yaml")):
        scenario = _yaml(path)
        if isinstance(scenario, dict) and isinstance(scenario.get("runbook"), str):
            name = scenario["runbook"]
            found[name] = (*found.get(name, ()), scenario.get("parameters") or {})
    return found


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path} cannot be read: {error}") from error


def _groups(path: Path) -> dict[str, tuple[str, ...]]:
    loaded = _yaml(path)
    if not isinstance(loaded, dict) or not all(isinstance(names, list) for names in loaded.values()):
        raise CatalogueError(f"{path} is no mapping from purposes to lists of runbooks")
    return {str(title): tuple(map(str, names)) for title, names in loaded.items()}


def _check_groups(sources: Sources, path: Path) -> None:
    listed = [name for names in sources.groups.values() for name in names]
    runbooks = {document.name for document in sources.of_kind(DocumentKind.AUTOMATION)}
    for name in listed:
        if name not in runbooks:
            raise CatalogueError(f"{path} names {name}, which is no runbook of the library")
        if listed.count(name) > 1:
            raise CatalogueError(f"{path} names {name} twice")
    missing = sorted(runbooks - set(listed))
    if missing:
        raise CatalogueError(f"{path} does not name {', '.join(missing)}: put it where people would look for it")
