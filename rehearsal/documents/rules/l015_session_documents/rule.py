"""Session documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.model import DocumentKind
from rehearsal.documents.rule import Level, Problem, Rule, Subject
from rehearsal.documents.runbook import mapping
from rehearsal.documents.shapes.parameters import parameter_problems
from rehearsal.documents.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = frozenset({"schemaVersion", "description", "sessionType", "inputs", "parameters", "properties"})
_TYPES = ("Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port", "LocalPortForwarding")
_INPUTS = frozenset(
    {
        "s3BucketName",
        "s3KeyPrefix",
        "s3EncryptionEnabled",
        "cloudWatchLogGroupName",
        "cloudWatchEncryptionEnabled",
        "cloudWatchStreamingEnabled",
        "kmsKeyId",
        "runAsEnabled",
        "runAsDefaultUser",
        "idleSessionTimeout",
        "maxSessionDuration",
        "shellProfile",
    }
)
_MINUTES = {"idleSessionTimeout": (1, 60), "maxSessionDuration": (1, 1440)}


def check(subject: Subject) -> Iterator[Problem]:
    """Known keys, a known session type, known inputs, timeouts in minutes within their bounds."""
    content = subject.document.content
    if subject.document.kind is not DocumentKind.SESSION:
        return
    for key in content.keys() - _KEYS:
        yield Problem((key,), f'"{key}" is no key of a session document{did_you_mean(key, _KEYS)}', on_key=True)
    session_type = content.get("sessionType")
    if session_type not in _TYPES:
        yield Problem(
            ("sessionType",), f"sessionType is one of {', '.join(_TYPES)}{did_you_mean(session_type, _TYPES)}"
        )
    inputs = mapping(content.get("inputs"))
    for key in inputs.keys() - _INPUTS:
        yield Problem(("inputs", key), f'"{key}" is no input of a session{did_you_mean(key, _INPUTS)}', on_key=True)
    for key, (low, high) in _MINUTES.items():
        value = str(inputs.get(key) or low)
        if not value.startswith("{{") and not (value.isdecimal() and low <= int(value[:9]) <= high):
            yield Problem(("inputs", key), f"{key} is {low} to {high} minutes, not {value}")
    yield from parameter_problems(subject.document)


RULE = Rule(
    id="L015",
    level=Level.ERROR,
    summary="A session document has a known type and known inputs.",
    why="A misspelt input is ignored: the session is not logged, or never times out.",
    source="https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html",
    check=check,
)
