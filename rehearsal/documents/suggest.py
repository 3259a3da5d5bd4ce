"""A guess at what a misspelt name was meant to be."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def did_you_mean(given: Any, known: Iterable[str]) -> str:
    """``: did you mean "timeoutSeconds"?`` when a known name is close enough, else nothing."""
    if not isinstance(given, str):
        return ""
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    if given.casefold() in folded:
        return f': did you mean "{folded[given.casefold()]}"?'
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.7)
    return f': did you mean "{close[0]}"?' if close else ""
