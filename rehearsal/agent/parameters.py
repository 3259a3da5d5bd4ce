"""Parameters of a document: which are taken, how they are checked, and how `{{ name }}` is replaced.

Facts are from the agent's docparser/parameters and parameterstore packages: replacement is textual, without any
escaping, and before anything runs. Of a top-level document only allowedPattern is checked: the service checks the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.agent import goformat
from rehearsal.agent.content import ParameterDefinition, RejectedError
from rehearsal.agent.goregex import PatternError, compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_VALID_NAME = re.compile(r"[a-zA-Z0-9]+")
_INTERNAL_ERROR = "Encountered error while parsing input - internal error"
# Go's regexp replacement template: $name, ${name}, and $$ for a dollar sign.
_TEMPLATE = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))")


def taken_values(
    given: Mapping[str, Any], definitions: Mapping[str, ParameterDefinition], log: Callable[[str], None]
) -> dict[str, Any]:
    """Values by name: given ones whose name is valid, and defaults (None without one) for the rest.

    A given parameter whose name has other characters than letters and digits is dropped, and its default is used.
    """
    values = {}
    for name, value in given.items():
        if _VALID_NAME.fullmatch(name):
            values[name] = value
        else:
            log(f"invalid parameter name {name}")
    return {**{name: definition.default for name, definition in definitions.items()}, **values}


def check_patterns(values: Mapping[str, Any], definitions: Mapping[str, ParameterDefinition]) -> None:
    """Hold `values` to allowedPattern, the only constraint the agent checks itself. Raises RejectedError."""
    for name, definition in definitions.items():
        if not definition.pattern:
            continue
        try:
            pattern = compile_pattern(definition.pattern)
        except PatternError:
            raise RejectedError(_INTERNAL_ERROR) from None
        value = values[name]
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise RejectedError(f"Unable to determine parameter value type for {name}")
        if not all(pattern.search(text) for text in texts):
            raise RejectedError(f"Parameter value for {name} does not match the allowed pattern {definition.pattern}")


def check_limits(values: Mapping[str, Any], definitions: Mapping[str, ParameterDefinition]) -> None:
    """Hold `values` to the other constraints too: what an inner document of aws:runDocument is held to."""
    for name, definition in definitions.items():
        value = values[name]
        items = value if isinstance(value, list) else [value]
        if definition.values and any(item not in definition.values for item in items):
            raise RejectedError(f"Parameter value for {name} is not one of its allowedValues")
        size = len(goformat.text_of(value))
        _within(size, definition.min_chars, definition.max_chars, f"The length of the value of {name}")
        if isinstance(value, (list, dict)):
            _within(len(value), definition.min_items, definition.max_items, f"The number of items of {name}")


def _within(size: int, lowest: int | None, highest: int | None, what: str) -> None:
    if lowest is not None and size < lowest:
        raise RejectedError(f"{what} is {size}, less than {lowest}")
    if highest is not None and size > highest:
        raise RejectedError(f"{what} is {size}, more than {highest}")


def replace(value: Any, values: Mapping[str, Any], variables: Mapping[str, str] | None = None) -> Any:
    """`value` with each `{{ name }}` replaced: by the typed value where the string is nothing else, else as text.

    Unknown names stay as they are. A value that itself holds `{{ other }}` is not replaced again. `variables` are
    references to environment variables, which come first and are put in letter for letter.
    """
    if isinstance(value, str):
        return _replace_text(value, values, variables or {})
    if isinstance(value, list):
        return [replace(item, values, variables) for item in value]
    if isinstance(value, dict):
        return {key: replace(item, values, variables) for key, item in value.items()}
    return value


def _replace_text(text: str, values: Mapping[str, Any], variables: Mapping[str, str]) -> Any:
    if "{{" not in text or not values:
        return text
    # Longest first, so that one name is never taken for the beginning of another.
    names = "|".join(re.escape(name) for name in sorted(values, key=len, reverse=True))
    reference = re.compile(rf"\{{\{{\s*({names})\s*\}}\}}", re.ASCII)
    whole = reference.fullmatch(text)
    if whole and whole[1] not in variables and _VALID_NAME.fullmatch(whole[1]):
        return values[whole[1]]

    def text_for(found: re.Match[str]) -> str:
        name = found[1]
        return variables[name] if name in variables else expand(goformat.text_of(values[name]), found[0])

    return reference.sub(text_for, text)


def expand(template: str, matched: str) -> str:
    """What Go's ReplaceAllString makes of a replacement: `$$` a dollar, `$0` the match, any other `$name` nothing."""

    def group(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        return matched if (found[2] or found[3]).strip("0") == "" else ""

    return _TEMPLATE.sub(group, template)


def environment_of(
    values: Mapping[str, Any], definitions: Mapping[str, ParameterDefinition], prefix: str
) -> tuple[dict[str, str], dict[str, str]]:
    """For parameters with `interpolationType: ENV_VAR`: the variables to set, and what replaces `{{ name }}`.

    `prefix` is what the step's shell writes before a variable's name: `$` or `$env:`.
    """
    names = [name for name, definition in definitions.items() if definition.interpolation == "ENV_VAR"]
    variables = {f"SSM_{name}": goformat.sprint(values[name]) for name in names}
    return variables, {name: f"{prefix}SSM_{name}" for name in names}
