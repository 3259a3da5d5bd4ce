"""Where tables are printed: as wide as the terminal, or as wide as they like in a pipe."""

from __future__ import annotations

import sys

from rich.console import Console

PIPE_WIDTH = 200


def console() -> Console:
    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
