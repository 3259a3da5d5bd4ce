"""Reads the YAML that SSM documents are written in, without a library: hosts have none.

Block and flow collections, plain, quoted, literal and folded scalars, comments. Plain scalars become what YAML 1.1
says, as in the service and in PyYAML (`yes` is a boolean), except that timestamps stay text and keys are always text.
Anchors, aliases, tags, merge keys, explicit `?` keys, duplicate keys and several documents in a file are refused, with
the line.
"""

from __future__ import annotations

from typing import Any

from rehearsal.agent.yamlsubset.blocks import BlockReader
from rehearsal.agent.yamlsubset.errors import YamlError

__all__ = ["YamlError", "load"]

MAX_TEXT = 1_048_576


def load(text: str) -> Any:
    """The value of a YAML text. Raises YamlError, which names the line, for what is not in the subset."""
    if len(text) > MAX_TEXT:
        raise YamlError(f"the text is longer than {MAX_TEXT} characters", 1)
    return BlockReader(text).read()
