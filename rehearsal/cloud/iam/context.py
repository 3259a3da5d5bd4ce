"""The condition keys of one request to one resource, looked up only when a policy asks for them.

Keys are case-insensitive (IAM User Guide, "AWS global condition context keys"). A key that does not apply is absent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MARKS = ("aws:resourcetag/", "ssm:resourcetag/", "ec2:resourcetag/", "iam:resourcetag/", "secretsmanager:resourcetag/")


class RequestContext:
    """What conditions can be about. `fixed` holds keys that the caller knows already, in lower case."""

    def __init__(
        self,
        fixed: Mapping[str, str | list[str]],
        parameters: Mapping[str, Any] | None = None,
        *,
        service: str = "",
        resource_tags: Callable[[], Mapping[str, str]] = dict,
        principal_tags: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._fixed = dict(fixed)
        self._parameters = parameters or {}
        self._service = service
        self._resource_tags = resource_tags
        self._principal_tags = principal_tags

    def values(self, key: str) -> list[str] | None:
        """Return the values of a condition key, or None when the request does not have it."""
        found = self._find(key.lower())
        if found is None:
            return None
        return [found] if isinstance(found, str) else list(found)

    def _find(self, key: str) -> str | list[str] | None:
        if key in self._fixed:
            return self._fixed[key]
        for mark in MARKS:
            if key.startswith(mark):
                return _tag(self._resource_tags(), key.removeprefix(mark))
        if key.startswith("aws:principaltag/"):
            return _tag(self._principal_tags(), key.removeprefix("aws:principaltag/"))
        if key.startswith("aws:requesttag/"):
            return _tag(self._request_tags(), key.removeprefix("aws:requesttag/"))
        if key == "aws:tagkeys":
            return list(self._request_tags()) or None
        if key in ("aws:currenttime", "aws:epochtime"):
            now = datetime.now(UTC)
            return now.isoformat() if key == "aws:currenttime" else str(int(now.timestamp()))
        return self._parameter(key)

    def _parameter(self, key: str) -> str | list[str] | None:
        """Take a service's own key from the request's parameter of that name: `secretsmanager:VersionStage`."""
        prefix, _, name = key.partition(":")
        if prefix != self._service:
            return None
        for parameter, value in self._parameters.items():
            if parameter.lower() == name:
                if isinstance(value, list):
                    return [_text(each) for each in value]
                return None if isinstance(value, dict) else _text(value)
        return None

    def _request_tags(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self._parameters.items():
            if name.lower() in ("tags", "tagset"):
                found.update(_pairs(value))
            elif name == "TagSpecifications":
                for each in value:
                    found.update(_pairs(each.get("Tags", [])))
        return found


def _pairs(tags: Any) -> dict[str, str]:
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in tags.items()}
    pairs = {}
    for tag in tags if isinstance(tags, list) else []:
        lowered = {str(key).lower(): value for key, value in tag.items()}
        key = lowered.get("key") or lowered.get("tagkey")
        if key:
            pairs[str(key)] = str(lowered.get("value") or lowered.get("tagvalue") or "")
    return pairs


def _tag(tags: Mapping[str, str], wanted: str) -> str | None:
    return next((value for key, value in tags.items() if key.lower() == wanted), None)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
