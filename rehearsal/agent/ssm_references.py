"""`{{ssm:name}}` and `{{ssm:name:version}}` in a document: values that the agent fetches when it runs the document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from rehearsal.agent.content import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = re.compile(r"\{\{ *ssm:([/\w.:-]+) *\}\}", re.ASCII)
SECURE_REFERENCE = re.compile(r"\{\{ *ssm-secure:([/\w.:-]+) *\}\}", re.ASCII)
_NAMES_PER_CALL = 10


class ParameterSource(Protocol):
    """ssm:GetParameters: up to ten names (with or without `:version`) to its decoded answer."""

    def get_parameters(self, names: list[str]) -> dict[str, Any]: ...


def resolve(value: Any, source: ParameterSource | None) -> Any:
    """`value` with every reference replaced. Raises RejectedError for a SecureString or a name that does not exist."""
    names = sorted(set(_names_in(value)))
    if not names:
        return value
    if source is None:
        raise RejectedError(f"{{{{ssm:{names[0]}}}}} needs the SSM endpoint, which this run has no access to")
    return _replace(value, _fetch(names, source))


def _names_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from REFERENCE.findall(value)
    elif isinstance(value, list):
        for item in value:
            yield from _names_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _names_in(item)


def _fetch(names: list[str], source: ParameterSource) -> dict[str, Any]:
    values: dict[str, Any] = {}
    secure: list[str] = []
    invalid: list[str] = []
    for start in range(0, len(names), _NAMES_PER_CALL):
        answer = source.get_parameters(names[start : start + _NAMES_PER_CALL])
        invalid += answer.get("InvalidParameters") or []
        for parameter in answer.get("Parameters") or []:
            name, version = parameter["Name"], parameter.get("Version")
            if parameter["Type"] == "SecureString":
                secure.append(name)
            value = parameter["Value"].split(",") if parameter["Type"] == "StringList" else parameter["Value"]
            values.update({key: value for key in (name, f"{name}:{version}") if key in names})
    if secure:
        raise RejectedError(f"Parameters [{' '.join(secure)}] of type SecureString are not supported")
    missing = [name for name in names if name not in values]
    if missing:
        raise RejectedError(f"Input contains invalid parameters [{' '.join(invalid or missing)}]")
    return values


def _replace(value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, str):
        whole = REFERENCE.fullmatch(value)
        if whole:
            return values[whole[1]]
        return REFERENCE.sub(lambda found: _text(values[found[1]]), value)
    if isinstance(value, list):
        return [_replace(item, values) for item in value]
    if isinstance(value, dict):
        return {key: _replace(item, values) for key, item in value.items()}
    return value


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
