"""What a cloud is started with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_ACCOUNT_ID = "123456789012"
LONGEST_TICK = 60.0


@dataclass(frozen=True)
class CloudSettings:
    """Where the endpoint listens, whose account it plays, and the bounds it keeps.

    `listen` holds (address, port) pairs; port 0 lets the system choose. Times are in seconds, sizes in bytes.
    """

    account_id: str = DEFAULT_ACCOUNT_ID
    region: str = "us-east-1"
    listen: tuple[tuple[str, int], ...] = (("127.0.0.1", 4566),)
    state_folder: Path | None = None
    """Where what has to survive a restart is kept; None keeps everything in memory."""
    connection_lost_after: float = 300.0
    """An agent that has been silent for this long is ConnectionLost: genuine agents ping every five minutes. These are
    minutes of schedules too (`tick_seconds`), but never less than agents poll for messages in, twice."""
    long_poll: float = 15.0
    """How long GetMessages waits for a message; agents give up after 20 s (their StopTimeoutMillis)."""
    instant_hosts: bool = False
    """True where nobody runs machines: EC2 instances complete every transition at once."""
    tick_seconds: float = 60.0
    """How long a minute of rates and alarm periods lasts here. With 5, `rate(1 minute)` runs every five seconds, and an
    alarm's period of 60 s covers five. Cron and one-time schedules follow the real clock."""
    max_body: int = 64 * 1024 * 1024
    """The largest request body: S3 takes whole objects, every other service far less."""

    @property
    def silence_limit(self) -> float:
        """The seconds of silence after which an agent is ConnectionLost here."""
        polling = min(self.connection_lost_after, 2.5 * self.long_poll)
        return max(polling, self.connection_lost_after * self.tick_seconds / LONGEST_TICK)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9]{12}", self.account_id):
            raise ValueError(f"account_id must be twelve digits, not {self.account_id!r}")
        if not 1 <= self.tick_seconds <= LONGEST_TICK:
            raise ValueError(f"tick_seconds must be between 1 and {LONGEST_TICK:g}, not {self.tick_seconds}")
        if not self.listen:
            raise ValueError("listen must hold at least one (address, port) pair")
