"""How long a Command document may run, as the service reckons it."""

from __future__ import annotations

from typing import Any

STEP_SECONDS = 3600
_LOWEST, _HIGHEST = 5, 172_800


def execution_seconds(content: dict[str, Any], given: dict[str, Any]) -> int:
    """Sum the timeouts of all steps; a step without one, or with one that the agent does not take, has an hour."""
    declared = content.get("parameters") or {}
    values = {name: definition.get("default") for name, definition in declared.items()} | given
    if "runtimeConfig" in content:
        inputs = [entry for plugin in content["runtimeConfig"].values() for entry in _properties(plugin)]
    else:
        inputs = [step.get("inputs") for step in content.get("mainSteps") or []]
    return sum(_seconds(entry, values) for entry in inputs)


def _properties(plugin: Any) -> list[Any]:
    properties = plugin.get("properties") if isinstance(plugin, dict) else None
    return properties if isinstance(properties, list) else [properties]


def _seconds(inputs: Any, values: dict[str, Any]) -> int:
    setting = inputs.get("timeoutSeconds") if isinstance(inputs, dict) else None
    if isinstance(setting, str) and setting.strip().startswith("{{"):
        setting = values.get(setting.strip().strip("{} "))
    try:
        seconds = int(float(str(setting)))
    except (ValueError, OverflowError):
        return STEP_SECONDS
    return seconds if _LOWEST <= seconds <= _HIGHEST else STEP_SECONDS
