"""Read a document from a file: JSON, or the YAML that documents are written in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.agent.content import RejectedError

if TYPE_CHECKING:
    from pathlib import Path

MAX_DOCUMENT = 1_048_576


def load_text(text: str) -> Any:
    """A decoded JSON or YAML text: JSON when it begins like it. Raises RejectedError for what is neither."""
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return json.loads(text, object_pairs_hook=_without_duplicates)
        except (json.JSONDecodeError, RecursionError) as error:
            json_error = str(error)
        # YAML's flow collections look the same; what is neither is reported as JSON.
        return _load_yaml(text, json_error)
    return _load_yaml(text, "")


def load_file(path: Path) -> Any:
    """The decoded document at `path`. Raises OSError when it cannot be read, RejectedError when it is no document."""
    with path.open("rb") as file:
        raw = file.read(MAX_DOCUMENT + 1)
    if len(raw) > MAX_DOCUMENT:
        raise RejectedError(f"{path}: larger than {MAX_DOCUMENT} bytes, which no document is")
    try:
        return load_text(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RejectedError(f"{path}: not UTF-8 text") from None
    except RejectedError as error:
        raise RejectedError(f"{path}: {error}") from None


def _load_yaml(text: str, json_error: str) -> Any:
    from rehearsal.agent.yamlsubset import YamlError, load  # noqa: PLC0415 - a running agent gets JSON

    try:
        return load(text)
    except YamlError as error:
        raise RejectedError(f"not JSON ({json_error}) and not YAML ({error})" if json_error else str(error)) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RejectedError(f"the key {twice!r} is there twice")
    return seen
