"""What is wrong with a YAML text, and where."""

from __future__ import annotations


class YamlError(Exception):
    """`line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line


REFUSED = {
    "&": "anchors (&) are not read; write the value out",
    "*": "aliases (*) are not read; write the value out",
    "!": "tags (!) are not read; this reads rendered documents",
    "%": "a plain value cannot begin with %; quote it",
    "@": "a plain value cannot begin with @; quote it",
    "`": "a plain value cannot begin with `; quote it",
    "|": "a block scalar cannot begin here",
    ">": "a block scalar cannot begin here",
}
