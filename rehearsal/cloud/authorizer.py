"""The seam between the endpoint and whoever decides what a caller may do.

The endpoint turns each AWS request into an `ApiCall` and asks its `Authorizer` before anything is dispatched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(eq=False)
class ApiCall:
    """One request to an AWS operation, before it is carried out.

    `service` is botocore's service name (`ssm`, `ec2`, `s3`; the agents' message service is `ec2messages`),
    `operation` is as the API spells it (`StartAutomationExecution`).
    """

    service: str
    operation: str
    region: str
    account_id: str
    access_key: str | None
    """The key that the request is signed with; None when it is not signed."""
    session_token: str | None
    source_ip: str
    user_agent: str
    protocol: str
    """The wire protocol: json, query, ec2, rest-json or rest-xml."""
    read_parameters: Callable[[], Mapping[str, Any]]

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The operation's input in botocore's names; empty when the body could not be read as that input."""
        return self.read_parameters()

    @property
    def action(self) -> str:
        """`service:Operation`; IAM prefixes differ from service names for some services, which `iam/` maps."""
        return f"{self.service}:{self.operation}"


@dataclass(frozen=True)
class Decision:
    """What an authorizer answers.

    `message` is the whole text of AWS's refusal. `code` is left empty for the ordinary refusal, whose name depends on
    the service's protocol (AccessDeniedException, AccessDenied, UnauthorizedOperation); set it for a refusal of the
    credentials themselves (UnrecognizedClientException, ExpiredTokenException).
    """

    allowed: bool
    message: str = ""
    code: str = ""
    status: int = 0
    """The HTTP status of a refusal; 0 leaves it to the protocol (400 for json, else 403)."""


ALLOWED = Decision(allowed=True)


class Authorizer(Protocol):
    """Decides on a call. It must not raise: what it cannot decide, it refuses with a message."""

    def authorize(self, call: ApiCall) -> Decision: ...
