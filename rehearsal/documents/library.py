"""Documents that are installed together, and what the template that installs them says about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING

from rehearsal.documents.model import Document, DocumentKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.documents.reading.result import Reading


@dataclass(frozen=True)
class Library:
    """All documents under check, the templates and the pattern registries that were found beside them."""

    documents: tuple[Document, ...]
    templates: tuple[Reading, ...] = ()
    registries: tuple[Reading, ...] = ()

    @cached_property
    def files(self) -> tuple[Document, ...]:
        """The templates and the registries, in the shape of documents so that findings can be placed in them."""
        return tuple(_as_document(reading) for reading in (*self.templates, *self.registries))

    @property
    def template_files(self) -> tuple[Document, ...]:
        """The templates among the files."""
        return self.files[: len(self.templates)]

    @property
    def registry_files(self) -> tuple[Document, ...]:
        """The registries of patterns among the files."""
        return self.files[len(self.templates) :]

    @cached_property
    def by_name(self) -> Mapping[str, Document]:
        """The documents by the names under which they are installed."""
        return {document.name: document for document in self.documents}


def _as_document(reading: Reading) -> Document:
    return Document(
        name=PurePath(reading.file).stem,
        path=reading.file,
        content=reading.value if isinstance(reading.value, dict) else {},
        kind=DocumentKind.OTHER,
        schema_version="",
        source=reading.source(),
    )
