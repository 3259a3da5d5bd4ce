"""What was asked of IAM and what it answered: by role and action for good, by event for as long as there is room."""

from __future__ import annotations

import pickle
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.iam.principals import Principal

EVENTS_KEPT = 50_000
# What agents ask for all the time: CloudTrail leaves most of it out too. It counts as use, but is no event.
CHATTER = frozenset(
    {"ssm:UpdateInstanceInformation", "ssm:ListInstanceAssociations", "ssm:UpdateInstanceAssociationStatus"}
)
CHATTERING = ("ec2messages:", "ssmmessages:")


@dataclass(frozen=True)
class TrailEvent:
    """One call as CloudTrail tells it."""

    time: datetime
    action: str
    operation: str
    service: str
    region: str
    source_ip: str
    user_agent: str
    access_key: str
    principal_arn: str
    role_arn: str
    user_name: str
    resources: tuple[str, ...]
    error_code: str = ""
    error_message: str = ""
    event_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class LastUse:
    """When and where an entity last used an action that it was granted."""

    time: datetime
    region: str
    count: int = 1


class Usage:
    """Thread-safe; the events are bounded, the oldest dropped first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: deque[TrailEvent] = deque(maxlen=EVENTS_KEPT)
        self._used: dict[str, dict[str, LastUse]] = {}

    def record(self, principal: Principal, event: TrailEvent, *, actions: tuple[str, ...]) -> None:
        """Note a call; `actions` are those that were granted for it, none when it was denied."""
        with self._lock:
            used = self._used.setdefault(principal.entity_arn, {})
            for action in actions:
                if action in used:
                    used[action] = LastUse(event.time, event.region, used[action].count + 1)
                else:
                    used[action] = LastUse(event.time, event.region)
            if event.error_code or not _is_chatter(event.action):
                self._events.append(event)

    def used_by(self, entity_arn: str) -> dict[str, LastUse]:
        """Return the actions that a role or user used, with their last use."""
        with self._lock:
            return dict(self._used.get(entity_arn, {}))

    def events(self) -> Iterator[TrailEvent]:
        """Yield the events, the newest first."""
        with self._lock:
            kept = list(self._events)
        return reversed(kept)

    def __getstate__(self) -> dict[str, object]:
        with self._lock:
            events, used = list(self._events), {arn: dict(used) for arn, used in self._used.items()}
        # Pickled on their own: the state's pickler looks at each object, and there are tens of thousands of events.
        return {"events": pickle.dumps(events, protocol=5), "used": used}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__()  # type: ignore[misc]  # the lock is made anew
        self._events.extend(pickle.loads(state["events"]))  # type: ignore[arg-type]  # noqa: S301 - our own state
        self._used = state["used"]  # type: ignore[assignment]  # the same


def _is_chatter(action: str) -> bool:
    return action in CHATTER or action.startswith(CHATTERING)


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)
