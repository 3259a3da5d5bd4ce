"""All pages of the catalogue as texts, by their file names."""

from __future__ import annotations

from functools import partial
from importlib import resources
from typing import TYPE_CHECKING

import jinja2

from rehearsal.catalogue.command_entry import entry
from rehearsal.catalogue.runbook_page import runbook_page
from rehearsal.catalogue.texts import linked
from rehearsal.documents.model import DocumentKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.catalogue.mentions import Named
    from rehearsal.catalogue.sources import Sources

INDEX, DOCUMENTS = "README.md", "documents.md"


def catalogue(sources: Sources) -> dict[str, str]:
    """The text of each page. The same sources give the same bytes."""
    targets = {document.name: f"{DOCUMENTS}#{document.name.lower()}" for document in sources.documents}
    targets |= {document.name: f"{document.name}.md" for document in sources.of_kind(DocumentKind.AUTOMATION)}
    environment = _environment(targets)
    runbooks = {document.name: runbook_page(document, sources) for document in sources.of_kind(DocumentKind.AUTOMATION)}
    groups = {title: [runbooks[name] for name in names] for title, names in sources.groups.items()}
    commands = [entry(document, sources) for document in sources.of_kind(DocumentKind.COMMAND)]
    sessions = [entry(document, sources) for document in sources.of_kind(DocumentKind.SESSION)]
    alarms: dict[Named, list[str]] = {}
    for page in runbooks.values():
        for alarm in page.alarms:
            alarms.setdefault(alarm, []).append(page.name)
    shared = {"commands": commands, "sessions": sessions}
    pages = {
        INDEX: _page(environment, "index.md.j2").render(groups=groups, alarms=dict(sorted(alarms.items())), **shared),
        DOCUMENTS: _page(environment, "documents.md.j2").render(**shared),
    }
    template = _page(environment, "runbook.md.j2")
    return pages | {f"{name}.md": template.render(page=page) for name, page in runbooks.items()}


def _environment(targets: Mapping[str, str]) -> jinja2.Environment:
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - Markdown from the checkout's own files, not HTML from anybody else's
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["linked"] = partial(linked, targets=targets)
    return environment


def _page(environment: jinja2.Environment, name: str) -> jinja2.Template:
    return environment.from_string((resources.files(__package__) / "pages" / name).read_text(encoding="utf-8"))
