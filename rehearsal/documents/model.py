"""What a document is, once it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.documents.source import Place, Source


RESERVED_PREFIXES = ("aws", "amazon", "amzn")
"""Prefixes of names that only AWS may give (AWS::SSM::Document, Name; AWSEC2 and the like begin so too)."""


class DocumentKind(StrEnum):
    """DocumentType of the SSM API, as far as a document's own content decides it."""

    AUTOMATION = "Automation"
    COMMAND = "Command"
    SESSION = "Session"
    POLICY = "Policy"
    PACKAGE = "Package"
    OTHER = "Other"


class DocumentError(Exception):
    """A document that cannot be read: not well-formed, too large, or including what it may not."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(f"{place}: {message}")
        self.message = message
        self.place = place

    def __reduce__(self) -> tuple[type[DocumentError], tuple[str, Place]]:
        return type(self), (self.message, self.place)


class Intrinsic(str):
    """Stands for a value that CloudFormation computes: its text is what is known of it, which may be nothing."""

    __slots__ = ()


@dataclass(frozen=True)
class Document:
    """One SSM document.

    `content` is JSON-shaped (dict, list, str, int, float, bool, None) with ``!file`` already replaced by text.
    `path` is the file that it was read from, None for text that came from elsewhere.
    """

    name: str
    path: str | None
    content: dict[str, Any]
    kind: DocumentKind
    schema_version: str
    source: Source

    @property
    def is_awss_own(self) -> bool:
        """Whether only AWS can have given it its name; such documents may use what no one else may."""
        return self.name.lower().startswith(RESERVED_PREFIXES)


def kind_of(content: dict[str, Any]) -> DocumentKind:
    """The document type that the content shows by its schema version and its keys."""
    version = str(content.get("schemaVersion", ""))
    if version == "0.3":
        return DocumentKind.AUTOMATION
    if version == "1.0" and ("sessionType" in content or "inputs" in content):
        return DocumentKind.SESSION
    if version in {"2.0", "2.2"} and ("packages" in content or "files" in content) and "mainSteps" not in content:
        return DocumentKind.PACKAGE
    if version == "2.0" and _uses_only(content, "aws:softwareInventory"):
        return DocumentKind.POLICY
    if version in {"1.0", "1.2", "2.0", "2.2"}:
        return DocumentKind.COMMAND
    return _kind_by_keys(content)


def _kind_by_keys(content: dict[str, Any]) -> DocumentKind:
    """A wrong or missing version must not hide every other fault: the keys show what was meant."""
    if "sessionType" in content:
        return DocumentKind.SESSION
    if not isinstance(content.get("mainSteps"), list):
        return DocumentKind.OTHER
    steps = [step for step in content["mainSteps"] if isinstance(step, dict)]
    if any("precondition" in step or _runs_on_hosts(step) for step in steps):
        return DocumentKind.COMMAND
    return DocumentKind.AUTOMATION


def _runs_on_hosts(step: dict[str, Any]) -> bool:
    return step.get("action") in ("aws:runShellScript", "aws:runPowerShellScript", "aws:downloadContent")


def _uses_only(content: dict[str, Any], action: str) -> bool:
    steps = content.get("mainSteps")
    return (
        isinstance(steps, list)
        and bool(steps)
        and all(isinstance(s, dict) and s.get("action") == action for s in steps)
    )
