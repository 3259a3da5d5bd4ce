"""What the engine is handed: access to AWS, and the documents that it may run.

Nothing here knows where AWS is. The rehearsal's cloud hands out sessions that point at its own endpoint; a
session for a real account would do as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Caller:
    """Who asked for an execution.

    `arn` is what `ExecutedBy` shows. `access_key_id` lets the cloud find the same identity again when a runbook
    without `assumeRole` runs in its caller's context; it is an identifier, not a secret.
    """

    arn: str
    account_id: str
    access_key_id: str = ""


class Session(Protocol):
    """The credentials that one execution works with."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client for `service`, in `region` or the execution's own Region.

        Implementations keep clients, because creating one takes far longer than a call, and give them a read timeout
        of at least 310 s, because `aws:invokeLambdaFunction` may wait 300 s. An unknown service raises botocore's
        `UnknownServiceError`.
        """
        ...

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give a child process these credentials, Region and endpoint."""
        ...


class AwsAccess(Protocol):
    """Yields sessions. `role_arn` None means the caller's own permissions.

    Raises `AssumeRoleDeniedError` when the role does not exist, does not trust Systems Manager, or the caller may not
    pass it.
    """

    def session(self, role_arn: str | None, execution_id: str, caller: Caller) -> Session: ...


class AssumeRoleDeniedError(Exception):
    """The role of an execution cannot be assumed; the message says why."""


@dataclass(frozen=True)
class StoredDocument:
    """One version of an Automation document as the documents store keeps it.

    `content` is the parsed document. `attachments` maps each attachment's name to its bytes.
    """

    name: str
    version: str
    content: dict[str, Any]
    document_type: str = "Automation"
    target_type: str | None = None
    attachments: Mapping[str, bytes] = field(default_factory=dict)


class DocumentNotFoundError(LookupError):
    """No document has this name."""


class DocumentVersionNotFoundError(LookupError):
    """The document exists, this version of it does not."""


class Documents(Protocol):
    """Where the engine finds runbooks.

    `version` is a number, `$LATEST`, `$DEFAULT` or None (which means `$DEFAULT`).
    Raises `DocumentNotFoundError` or `DocumentVersionNotFoundError`.
    """

    def get(self, name_or_arn: str, version: str | None = None) -> StoredDocument: ...
