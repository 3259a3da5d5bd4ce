"""What is wrong with rehearsal.toml, in words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class SettingsError(Exception):
    """rehearsal.toml cannot be used as it is; the message names the file, the key and what is expected."""


def suggestion(word: str, known: Collection[str]) -> str:
    """What may have been meant by a word that is not known, for the end of a message."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known)) or 'none'}"
