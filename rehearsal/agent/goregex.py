r"""allowedPattern as the agent reads it: RE2 syntax, unanchored, and `$` only at the very end of the text.

Python's `re` differs where it matters: it knows lookaround and back references (RE2 refuses them), lets `$` match
before a final newline, and counts every alphabet's letters into `\w`. A pattern is translated, or refused as RE2
would refuse it.
"""

from __future__ import annotations

import re

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_ESCAPES = set("dDsSwWbBAafnrtv") | set(r"\.+*?()|[]{}^$-/_!\"#%&',:;<=>@`~ ")
_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")
_MAX_REPEAT = 1000
_MAX_PATTERN = 4096


class PatternError(Exception):
    """RE2 does not accept the pattern."""


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """The pattern for use with `search`. Raises PatternError for what Go's regexp does not compile."""
    if len(pattern) > _MAX_PATTERN:
        raise PatternError(f"the pattern is longer than {_MAX_PATTERN} characters")
    try:
        return re.compile(_Translation(pattern).run(), re.ASCII)
    except (re.error, OverflowError) as error:
        raise PatternError(str(error)) from None


class _Translation:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.flags = [frozenset[str]()]  # of the group that is open, innermost last
        self.scopes = [list[str]()]  # "(?i:" that such a group opened for flags given in its middle

    def run(self) -> str:
        out: list[str] = []
        while self.at < len(self.pattern):
            out.append(self._next())
        return "".join(out) + ")" * len(self.scopes[-1])

    def _next(self) -> str:
        character = self.pattern[self.at]
        self.at += 1
        if character == "\\":
            return self._escape()
        if character == "[":
            return self._class()
        if character == "(":
            return self._group()
        if character == ")":
            return self._close()
        if character == "|":
            opened = self.scopes[-1]
            return ")" * len(opened) + "|" + "".join(opened)
        if character == "$":
            return "$" if "m" in self.flags[-1] else r"\Z"
        if character in "*+?":
            return self._quantifier(character)
        if character == "{":
            return self._repeat()
        return character

    def _quantifier(self, text: str) -> str:
        """`text` and a following `?`; anything more is RE2's "invalid nested repetition operator"."""
        if self.pattern[self.at : self.at + 1] == "?":
            self.at += 1
            text += "?"
        following = self.pattern[self.at : self.at + 1]
        if following and following in "*+?":
            raise PatternError(f"invalid nested repetition operator: {text}{following}")
        return text

    def _repeat(self) -> str:
        found = _REPEAT.match(self.pattern, self.at - 1)
        if not found:
            return r"\{"
        if max(int(found[1]), int(found[3] or 0)) > _MAX_REPEAT:
            raise PatternError(f"invalid repeat count: {found[0]}")
        self.at = found.end()
        return self._quantifier(found[0])

    def _escape(self) -> str:
        character = self.pattern[self.at : self.at + 1]
        self.at += 1
        if character == "z":
            return r"\Z"
        if character == "Q":
            end = self.pattern.find(r"\E", self.at)
            literal = self.pattern[self.at : end if end >= 0 else None]
            self.at = end + 2 if end >= 0 else len(self.pattern)
            return re.escape(literal)
        if character == "x":
            return self._hexadecimal()
        if character not in _ESCAPES or not character:
            raise PatternError(f"invalid escape sequence: \\{character}")
        return "\\" + character

    def _hexadecimal(self) -> str:
        found = re.compile(r"\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2})").match(self.pattern, self.at)
        if not found or int(found[1] or found[2], 16) > 0x10FFFF:  # noqa: PLR2004 - the last code point
            raise PatternError(r"invalid escape sequence: \x")
        self.at = found.end()
        return re.escape(chr(int(found[1] or found[2], 16)))

    def _class(self) -> str:
        out = ["["]
        if self.pattern[self.at : self.at + 1] == "^":
            self.at += 1
            out.append("^")
        first = True
        while True:
            character = self.pattern[self.at : self.at + 1]
            if not character:
                raise PatternError("missing closing ]")
            if character == "]" and not first:
                self.at += 1
                return "".join([*out, "]"])
            first = False
            out.append(self._class_item(character))

    def _class_item(self, character: str) -> str:
        posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.pattern, self.at)
        if posix:
            if posix[1] or posix[2] not in _POSIX:
                raise PatternError(f"invalid character class range: {posix[0]}")
            self.at = posix.end()
            return _POSIX[posix[2]]
        self.at += 1
        if character == "\\":
            return self._escape()
        return "\\" + character if character in "[]&~|" else character  # Python reserves these for set operations

    def _group(self) -> str:
        if self.pattern[self.at : self.at + 1] != "?":
            return self._open("(", self.flags[-1])
        named = re.compile(r"\?P?<(\w+)>").match(self.pattern, self.at)
        if named:
            self.at = named.end()
            return self._open(f"(?P<{named[1]}>", self.flags[-1])
        found = re.compile(r"\?([imsU]*)(?:-([imsU]+))?([:)])").match(self.pattern, self.at)
        if not found or "U" in found[1]:
            raise PatternError(f"invalid or unsupported Perl syntax: `({self.pattern[self.at : self.at + 2]}`")
        self.at = found.end()
        removed = (found[2] or "").replace("U", "")
        flags = (self.flags[-1] | set(found[1])) - set(removed)
        text = f"(?{found[1]}{'-' + removed if removed else ''}:"
        if found[3] == ":":
            return self._open(text, flags)
        self.flags[-1] = flags  # "(?i)": for the rest of the group that is open
        self.scopes[-1].append(text)
        return text

    def _open(self, text: str, flags: frozenset[str]) -> str:
        self.flags.append(flags)
        self.scopes.append([])
        return text

    def _close(self) -> str:
        if len(self.flags) == 1:
            raise PatternError("unexpected ): " + self.pattern)
        self.flags.pop()
        return ")" * len(self.scopes.pop()) + ")"
