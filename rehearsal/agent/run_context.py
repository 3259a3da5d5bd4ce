"""What steps need to know of the run they are part of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from rehearsal.agent import AGENT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rehearsal.agent.cancellation import Cancellation
    from rehearsal.agent.ssm_references import ParameterSource

_FIRST_WITH_ENV_VAR = (3, 3, 2746, 0)


class AwsAccess(Protocol):
    """The AWS calls that a running document makes: with the host's own credentials."""

    def get_parameters(self, names: list[str]) -> dict[str, Any]: ...

    def get_document(self, name: str, version: str) -> str: ...

    def get_object(self, bucket: str, key: str) -> bytes: ...

    def list_objects(self, bucket: str, prefix: str) -> list[str]: ...


@dataclass(frozen=True)
class RunContext:
    """One document's run. `orchestration` is the command's own folder; `log` must never get a parameter's value."""

    orchestration: Path
    command_id: str
    instance_id: str
    region: str
    environment: Mapping[str, str]
    cancellation: Cancellation
    log: Callable[[str], None]
    aws: AwsAccess | None = None
    agent_version: str = AGENT_VERSION
    depth: int = 0

    @property
    def parameter_source(self) -> ParameterSource | None:
        return self.aws

    @property
    def knows_env_var(self) -> bool:
        """Whether the agent of this version knows `interpolationType: ENV_VAR` (3.3.2746.0 and later)."""
        return version_tuple(self.agent_version) >= _FIRST_WITH_ENV_VAR

    def inner(self, orchestration: Path) -> RunContext:
        """The run of a document that a step of this one calls."""
        return replace(self, orchestration=orchestration, depth=self.depth + 1)


def version_tuple(version: str) -> tuple[int, ...]:
    """A dotted version for comparison. Raises ValueError when a part is not a number."""
    return tuple(int(part) for part in version.split("."))
