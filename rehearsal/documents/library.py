"""Documents that are installed together, and what the template that installs them says about them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.documents.model import Document


@dataclass(frozen=True)
class Library:
    """All documents under check."""

    documents: tuple[Document, ...]

    @cached_property
    def by_name(self) -> Mapping[str, Document]:
        """The documents by the names under which they are installed."""
        return {document.name: document for document in self.documents}
