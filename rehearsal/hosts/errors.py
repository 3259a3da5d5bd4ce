"""What can go wrong with hosts. Each message names the thing, the place and the next step."""

from __future__ import annotations


class HostsError(Exception):
    """Hosts cannot be had, or not as asked."""


class EngineError(HostsError):
    """No container engine can be reached, installed or started."""


class ImageError(HostsError):
    """An image cannot be made. Nothing half-made is left behind."""


class PackagesUnavailableError(ImageError):
    """The packages of one choice of an option cannot be had; `choice` is the choice's name."""

    def __init__(self, message: str, choice: str) -> None:
        super().__init__(message)
        self.choice = choice


class OtherRehearsalError(HostsError):
    """Another checkout's rehearsal runs on this engine."""
