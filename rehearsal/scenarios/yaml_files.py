"""Reads YAML files that have to fit a schema, and says on which line they do not."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import jsonschema

SHARED_SCHEMAS = ("probe.schema.json", "action.schema.json", "common.schema.json")


def read(path: Path, schema: str) -> dict[str, Any]:
    """A YAML file that fits a schema, or a ScenarioError that names the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise ScenarioError(f"{path}: {problem.strerror or problem}") from problem
    except UnicodeDecodeError as problem:
        raise ScenarioError(f"{path}: not UTF-8 text") from problem
    try:
        return _fitting(path, text, schema)
    except (yaml.YAMLError, ValueError) as problem:  # a date that there is not is a ValueError
        raise ScenarioError(f"{path}: not YAML: {problem}") from problem
    except RecursionError as problem:
        raise ScenarioError(f"{path}: nested too deeply") from problem


def _fitting(path: Path, text: str, schema: str) -> dict[str, Any]:
    raw = yaml.safe_load(text)
    errors = sorted(_validator(schema).iter_errors(raw), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        lines = [
            f"{path}:{_line(text, error.absolute_path)}: {error.json_path.removeprefix('$.') or 'the file'}: "
            f"{error.message}"
            for error in errors
        ]
        raise ScenarioError("\n".join(lines))
    return dict(raw)


@functools.cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    import jsonschema  # noqa: PLC0415 - half of the start-up time of a command that reads no scenario
    import referencing  # noqa: PLC0415 - the same

    folder = resources.files(__package__)

    def content_of(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf-8"))

    shared = [(name, referencing.Resource.from_contents(content_of(name))) for name in SHARED_SCHEMAS]
    registry: referencing.Registry[Any] = referencing.Registry().with_resources(shared)
    return jsonschema.Draft202012Validator(
        content_of(schema), registry=registry, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def _line(text: str, where: Sequence[str | int]) -> int:
    """The line of the YAML node at a path of keys and indexes; the nearest one that exists."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for step in where:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            child = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            child = node.value[step]
        if child is None:
            break
        node = child
        line = node.start_mark.line + 1
    return line
