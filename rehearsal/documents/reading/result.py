"""What a reader hands on, and the bounds that every reader keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rehearsal.documents.model import DocumentError
from rehearsal.documents.source import AmbiguousScalar, Path, Place, Source, TextOrigin

MAX_TEXT = 2 * 1024 * 1024
"""Characters of one file. The service's own bound of 64 KB is a rule; a template may hold many documents (1 MB)."""
MAX_VALUES = 200_000
"""Values after aliases are expanded: what a document of that size can honestly hold."""
MAX_DEPTH = 100


@dataclass
class Reading:
    """The value of a text and what was learned about its source on the way."""

    file: str
    text: str
    value: Any = None
    values: dict[Path, tuple[int, int]] = field(default_factory=dict)
    keys: dict[Path, tuple[int, int]] = field(default_factory=dict)
    origins: dict[Path, TextOrigin] = field(default_factory=dict)
    aliases: dict[Path, Path] = field(default_factory=dict)
    included: dict[str, str] = field(default_factory=dict)
    ambiguous: list[AmbiguousScalar] = field(default_factory=list)
    intrinsics: list[Path] = field(default_factory=list)

    def source(self, prefix: Path = ()) -> Source:
        """The finished source map; `prefix` is where the document's root stands."""
        return Source(
            file=self.file,
            text=self.text,
            values=self.values,
            keys=self.keys,
            origins=self.origins,
            aliases=self.aliases,
            included=self.included,
            ambiguous=tuple(self.ambiguous),
            intrinsics=tuple(self.intrinsics),
            prefix=prefix,
        )

    def error(self, message: str, line: int, column: int) -> DocumentError:
        """An error at a place of this text."""
        return DocumentError(message, Place(self.file, line, column))


def check_size(text: str, file: str) -> None:
    """Refuse a text that no reader should start on."""
    if len(text) > MAX_TEXT:
        raise DocumentError(f"{len(text):,} characters are more than the {MAX_TEXT:,} that are read", Place(file, 1, 1))
