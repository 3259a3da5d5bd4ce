"""Who may approve: user names, user ARNs, role ARNs and assumed-role ARNs (reference §3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.automation.access import Caller

_ASSUMED_ROLE_PARTS = 3


def is_approver(caller: Caller, approvers: list[str]) -> bool:
    """Say whether the caller is one of the approvers."""
    return bool(_names(caller.arn) & set(approvers))


def _names(arn: str) -> set[str]:
    """Return every way in which an approver list may name the caller."""
    names = {arn}
    *head, resource = arn.split(":", 5)
    parts = resource.split("/")
    if parts[0] == "user":
        names.add(parts[-1])
    if parts[0] == "assumed-role" and len(parts) == _ASSUMED_ROLE_PARTS:
        names.add(f"arn:{head[1]}:iam::{head[4]}:role/{parts[1]}")
    return names
