"""The agent's log: lines on standard error, which the service manager keeps."""

from __future__ import annotations

import sys


def log(text: str) -> None:
    """One line. Never a parameter's value, never a secret."""
    print(text.replace("\n", " "), file=sys.stderr, flush=True)
