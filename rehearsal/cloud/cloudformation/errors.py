"""Failures of one resource, as its event shows them."""

from __future__ import annotations


class ResourceFailed(Exception):  # noqa: N818 - the name of what happened, not of a bug
    """A resource could not be created, updated or deleted; the text becomes its status reason."""


class OperationCancelled(ResourceFailed):
    """The stack operation ends because another resource failed."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"Resource {verb} cancelled")
