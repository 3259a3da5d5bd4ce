"""How the parts say what they are doing; the command line shows it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Takes one line for each thing that begins. Called from several threads."""

    def step(self, text: str) -> None:
        """Say what is being done now, without a full stop."""
        ...
