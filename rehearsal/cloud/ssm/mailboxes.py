"""Messages for agents, and agents that wait for them.

One mailbox a host. A message that an agent took and did not acknowledge becomes visible again after its visibility
timeout, as in the service (`VisibilityTimeoutInSeconds` of GetMessages).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_WAITING = 200
"""Messages that one mailbox holds: a silent host must not fill the memory."""
BATCH = 10


@dataclass
class Message:
    """`topic` is `aws.ssm.sendCommand.<document>` or `aws.ssm.cancelCommand.<command>`, `payload` JSON text."""

    message_id: str
    topic: str
    destination: str
    payload: str
    created: datetime
    hidden_until: float = 0.0

    def on_the_wire(self) -> dict[str, str]:
        """Return the message as GetMessages sends it."""
        created = self.created.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.created.microsecond // 1000:03d}Z"
        return {
            "MessageId": self.message_id,
            "Topic": self.topic,
            "CreatedDate": created,
            "Destination": self.destination,
            "Payload": self.payload,
        }


class Mailboxes:
    """All mailboxes of a Region. Safe from any thread."""

    def __init__(self) -> None:
        self._boxes: dict[str, dict[str, Message]] = {}
        self._changed = threading.Condition()
        self._closed = False

    def post(self, message_id: str, topic: str, destination: str, payload: str) -> bool:
        """Leave a message for a host and wake its agent; False when its mailbox is full."""
        with self._changed:
            box = self._boxes.setdefault(destination, {})
            if len(box) >= MAX_WAITING:
                return False
            box[message_id] = Message(message_id, topic, destination, payload, datetime.now(UTC))
            self._changed.notify_all()
            return True

    def take(self, destination: str, visibility: float, wait: float) -> list[Message]:
        """Return the visible messages of a host as soon as there are some, at the latest after `wait` seconds."""
        deadline = time.monotonic() + wait
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                waiting = self._boxes.get(destination, {}).values()
                visible = [message for message in waiting if message.hidden_until <= now][:BATCH]
                if visible or now >= deadline:
                    for message in visible:
                        message.hidden_until = now + visibility
                    return visible
                reappears = min((message.hidden_until for message in waiting), default=deadline)
                self._changed.wait(min(deadline, reappears) - now)
        return []

    def remove(self, message_id: str) -> None:
        """Forget a message, whoever has it."""
        with self._changed:
            for box in self._boxes.values():
                box.pop(message_id, None)

    def close(self) -> None:
        """Let every waiting agent go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
