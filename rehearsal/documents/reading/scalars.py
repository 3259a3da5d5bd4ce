"""How a plain YAML scalar is understood: YAML 1.2's core schema, and where YAML 1.1 disagrees."""

from __future__ import annotations

import re
from typing import Any

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")

_OLD_BOOLEAN = re.compile(r"(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)\Z")
_OLD_OCTAL = re.compile(r"[-+]?0[0-7_]+\Z")
_OLD_SEXAGESIMAL = re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\Z")
_OLD_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?\Z")


def resolve_plain(text: str) -> Any:
    """The value of an unquoted scalar. Not-a-number and infinity stay text: a document is JSON in the end.

    Raises ValueError for a number with more digits than Python reads.
    """
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.match(text):
        return int(text)
    if _OCTAL.match(text):
        return int(text, 0)
    if _HEXADECIMAL.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        number = float(text)
        return text if number in {float("inf"), float("-inf")} else number
    return text


def old_reading(text: str) -> str | None:
    """What a YAML 1.1 reader would make of an unquoted scalar when that differs, else None."""
    if _OLD_BOOLEAN.match(text):
        return "a boolean"
    if _DATE.match(text):
        return "a date"
    if _OLD_OCTAL.match(text):
        return "an octal number"
    if _OLD_SEXAGESIMAL.match(text):
        return "a base-60 number"
    if _OLD_UNDERSCORES.match(text):
        return "a number"
    return None
