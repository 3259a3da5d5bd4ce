"""What a scenario works with: the account, the hosts, the outside, and the names that its file may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.scenarios.aws import Aws
    from rehearsal.scenarios.executions import Executions
    from rehearsal.scenarios.hosts import Hosts
    from rehearsal.scenarios.model import Common
    from rehearsal.scenarios.outside import Outside
    from rehearsal.scenarios.values import Values


@dataclass(frozen=True)
class Surroundings:
    """`tick_seconds` is how long a minute of schedules and alarms lasts: 60, or less where the cloud is told so."""

    aws: Aws
    outside: Outside
    hosts: Hosts
    executions: Executions
    common: Common
    values: Values
    tick_seconds: float = 60.0
