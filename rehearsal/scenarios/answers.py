"""Judges an answer: what a probe or a check was told against what its file wants."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOWN_CHARACTERS = 300


def judge(wanted: Mapping[str, Any], actual: Any) -> str:
    """Empty when the answer is right, else one sentence.

    `wanted` has one key. `equals` compares values; against text, the text without the white space around it. `contains`
    and `matches` (a regular expression, searched for) look at text, or at the JSON of anything else.
    """
    (how, want), *_ = wanted.items()
    text = actual if isinstance(actual, str) else json.dumps(actual, sort_keys=True, default=str)
    if how == "equals":
        is_right = (actual.strip() if isinstance(actual, str) else actual) == want
    elif how == "contains":
        is_right = want in text
    else:
        is_right = re.search(want, text, re.MULTILINE) is not None
    return "" if is_right else f"wanted {how} {want!r}, got {shorten(text)}"


def shorten(text: str) -> str:
    text = text.strip()
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}… ({len(text)} characters)"
