"""A Command document's content as the agent reads it: JSON into Go structs, so field names ignore case."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.agent import goformat

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMAS_OF_PROPERTIES = frozenset({"1.0", "1.2"})
_SCHEMAS_OF_STEPS = frozenset({"2.0", "2.0.1", "2.0.2", "2.0.3", "2.2"})
_SCHEMAS_WITH_PRECONDITIONS = frozenset({"2.2"})
_MAX_STEPS = 200


class RejectedError(Exception):
    """The document cannot be run at all: no step starts, and the text becomes the document's trace output."""


@dataclass(frozen=True)
class ParameterDefinition:
    """One entry of `parameters`. `pattern` and the limits are as written; None means not given."""

    name: str
    type: str
    default: Any = None
    pattern: str = ""
    values: tuple[Any, ...] = ()
    min_chars: int | None = None
    max_chars: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    interpolation: str = ""


@dataclass(frozen=True)
class Step:
    """One step, its inputs with or without parameters put in. `environment` holds ENV_VAR parameters' values."""

    name: str
    action: str
    inputs: Any = None
    preconditions: Mapping[str, list[str]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    schema_version: str
    parameters: Mapping[str, ParameterDefinition]
    steps: tuple[Step, ...]

    @property
    def has_preconditions(self) -> bool:
        """Whether this schema version knows `precondition`, and skips what the platform does not support."""
        return self.schema_version in _SCHEMAS_WITH_PRECONDITIONS

    @property
    def is_list_of_plugins(self) -> bool:
        """Schema 1.x: plugins with properties instead of named steps."""
        return self.schema_version in _SCHEMAS_OF_PROPERTIES


def member(mapping: Mapping[str, Any], name: str) -> Any:
    """The value of a struct field: the exact name first, then any spelling of it; None when absent."""
    if name in mapping:
        return mapping[name]
    wanted = name.casefold()
    return next((value for key, value in mapping.items() if key.casefold() == wanted), None)


def parse_content(raw: Any) -> Content:
    """Read a decoded document. Raises RejectedError with what is wrong with it."""
    if not isinstance(raw, dict):
        raise RejectedError(f"a document is a mapping with schemaVersion and mainSteps, not {goformat.type_name(raw)}")
    version = member(raw, "schemaVersion")
    if not isinstance(version, str):
        raise RejectedError(f"schemaVersion must be a string such as '2.2', not {goformat.type_name(version)}")
    if version not in _SCHEMAS_OF_STEPS | _SCHEMAS_OF_PROPERTIES:
        raise RejectedError(
            f"Document with schema version {version} is not supported by this version of ssm agent, "
            "please update to latest version"
        )
    steps = _plugins(raw) if version in _SCHEMAS_OF_PROPERTIES else _steps(raw)
    return Content(version, _parameters(member(raw, "parameters")), steps)


def _parameters(raw: Any) -> dict[str, ParameterDefinition]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise RejectedError(f"parameters must be a mapping, not {goformat.type_name(raw)}")
    return {name: _parameter(name, definition) for name, definition in raw.items()}


def _parameter(name: str, raw: Any) -> ParameterDefinition:
    if not isinstance(raw, dict):
        raise RejectedError(f"parameter {name} must be a mapping with a type, not {goformat.type_name(raw)}")
    return ParameterDefinition(
        name=name,
        type=_text(raw, "type", f"parameter {name}"),
        default=member(raw, "default"),
        pattern=_text(raw, "allowedPattern", f"parameter {name}"),
        values=tuple(member(raw, "allowedValues") or ()),
        min_chars=_limit(raw, "minChars", name),
        max_chars=_limit(raw, "maxChars", name),
        min_items=_limit(raw, "minItems", name),
        max_items=_limit(raw, "maxItems", name),
        interpolation=_text(raw, "interpolationType", f"parameter {name}"),
    )


def _text(raw: Mapping[str, Any], key: str, where: str) -> str:
    value = member(raw, key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RejectedError(f"{where}: {key} must be a string, not {goformat.type_name(value)}")
    return value


def _limit(raw: Mapping[str, Any], key: str, name: str) -> int | None:
    value = member(raw, key)
    if value is None:
        return None
    try:
        return int(str(value))
    except ValueError:
        raise RejectedError(f"parameter {name}: {key} must be a whole number") from None


def _steps(raw: Mapping[str, Any]) -> tuple[Step, ...]:
    listed = member(raw, "mainSteps")
    if not listed or not isinstance(listed, list):
        raise RejectedError("Unsupported schema format")
    if len(listed) > _MAX_STEPS:
        raise RejectedError(f"mainSteps has {len(listed)} steps; at most {_MAX_STEPS} are read")
    return tuple(_step(step, number) for number, step in enumerate(listed, start=1))


def _step(raw: Any, number: int) -> Step:
    if not isinstance(raw, dict):
        raise RejectedError(f"step {number} must be a mapping with action and name, not {goformat.type_name(raw)}")
    where = f"step {number}"
    return Step(
        name=_text(raw, "name", where),
        action=_text(raw, "action", where),
        inputs=member(raw, "inputs"),
        preconditions=_preconditions(member(raw, "precondition"), where),
    )


def _preconditions(raw: Any, where: str) -> dict[str, list[str]]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise RejectedError(f"{where}: precondition must be a mapping, not {goformat.type_name(raw)}")
    for operator, arguments in raw.items():
        if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
            raise RejectedError(f"{where}: precondition {operator} must be a list of strings")
    return raw


def _plugins(raw: Mapping[str, Any]) -> tuple[Step, ...]:
    listed = member(raw, "runtimeConfig")
    if not listed or not isinstance(listed, dict):
        raise RejectedError("Unsupported schema format")
    if not all(isinstance(plugin, dict) for plugin in listed.values()):
        raise RejectedError("runtimeConfig: each plugin must be a mapping with properties")
    return tuple(Step(name, name, member(plugin, "properties")) for name, plugin in listed.items())
