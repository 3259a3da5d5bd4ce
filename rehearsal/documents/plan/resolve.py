"""Putting values in the place of references, as far as they are known before a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.documents.references import REFERENCE
from rehearsal.documents.runbook import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.documents.runbook import Runbook

_SHOWN = 200


@dataclass(frozen=True)
class Values:
    """What is known: parameters as given or by default, variables that nothing changes, globals as given."""

    parameters: Mapping[str, Any]
    constants: Mapping[str, Any]
    globals: Mapping[str, str]

    def resolve(self, value: Any) -> Any:
        """The value with known references replaced; others are written ``<step.Output>``."""
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [part for item in value for part in self._item(item)]
        if not isinstance(value, str):
            return value
        whole = REFERENCE.fullmatch(value.strip())
        if whole is not None:
            return self._named(whole[1])
        return REFERENCE.sub(lambda match: _text(self._named(match[1])), value)

    def _item(self, item: Any) -> list[Any]:
        """A list that stands as the only reference in an item of a list is spread into it, as Automation does."""
        resolved = self.resolve(item)
        return resolved if isinstance(item, str) and isinstance(resolved, list) else [resolved]

    def _named(self, name: str) -> Any:
        if name in self.parameters:
            return self.parameters[name]
        if name.startswith("variable:") and name.removeprefix("variable:") in self.constants:
            return self.constants[name.removeprefix("variable:")]
        if name.startswith("global:") and name.removeprefix("global:") in self.globals:
            return self.globals[name.removeprefix("global:")]
        return unknown(name)


def unknown(name: str) -> str:
    """How a value is shown that only the run will have."""
    return f"<{name}>"


def known_values(runbook: Runbook, given: Mapping[str, Any], global_values: Mapping[str, str]) -> Values:
    """The values that a start with these parameters would begin with."""
    parameters: dict[str, Any] = {}
    for name, definition in runbook.parameters.items():
        fields = mapping(definition)
        if name in given:
            parameters[name] = given[name]
        elif "default" in fields and "{{" not in str(fields["default"]):
            parameters[name] = fields["default"]
        else:
            parameters[name] = unknown(name)
    updated = {
        str(step.inputs.get("Name", "")).removeprefix("variable:")
        for step in runbook.steps
        if step.action == "aws:updateVariable"
    }
    constants = {
        name: mapping(definition)["default"]
        for name, definition in runbook.variables.items()
        if name not in updated and "default" in mapping(definition)
    }
    return Values(parameters, constants, global_values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def shortened(value: Any) -> Any:
    """The value with long texts cut, for showing: scripts and templates are not what a plan is read for."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    if isinstance(value, str) and (len(value) > _SHOWN or value.count("\n") > 1):
        lines = value.strip("\n").count("\n") + 1
        first = value.strip().split("\n", 1)[0][:60]
        return f"{first} … ({lines} lines)" if lines > 1 else f"{first}…"
    return value
