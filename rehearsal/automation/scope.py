"""What references stand for while one execution runs (reference §4.1)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal.automation.errors import InvalidInputError
from rehearsal.automation.references import undefined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.settings import EngineSettings


@dataclass
class Scope:
    """The values of one execution. Parameters are fixed; variables, outputs and loop values change."""

    execution_id: str
    settings: EngineSettings
    parameters: Mapping[str, Any]
    variables: dict[str, Any]
    known_outputs: frozenset[str] = frozenset()  # step names, for a telling error
    variable_types: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, reference: str, /) -> Any:
        """Return the value of a reference, in its own type. Raises `InvalidInputError`."""
        if ":" in reference:
            prefix, _, name = reference.partition(":")
            return self._prefixed(prefix, name, reference)
        if "." in reference:
            return self._output(reference)
        if reference in self.parameters:
            return self.parameters[reference]
        if reference in self.variables:
            return self.variables[reference]
        raise undefined(reference)

    def _prefixed(self, prefix: str, name: str, reference: str) -> Any:
        if prefix == "variable" and name in self.variables:
            return self.variables[name]
        if prefix == "automation" and name == "EXECUTION_ID":
            return self.execution_id
        if prefix == "global":
            return self._global(name, reference)
        if prefix == "ssm":
            raise InvalidInputError(f"{{{{{reference}}}}} is supported in the default of a parameter only")
        raise undefined(reference)

    def _global(self, name: str, reference: str) -> str:
        if name == "ACCOUNT_ID":
            return self.settings.account_id
        if name == "REGION":
            return self.settings.region
        if name == "AWS_PARTITION":
            return self.settings.partition
        now = dt.datetime.now(dt.UTC)
        if name == "DATE":
            return now.strftime("%Y-%m-%d")
        if name == "DATE_TIME":
            return now.strftime("%Y-%m-%d_%H.%M.%S")
        raise undefined(reference)

    def _output(self, reference: str) -> Any:
        step, _, name = reference.partition(".")
        outputs = self.outputs.get(step)
        if outputs is not None and name in outputs:
            return outputs[name]
        if step in self.known_outputs and outputs is None:
            raise InvalidInputError(
                f"Failed to resolve input: {reference}. Step {step} has not been executed successfully"
            )
        raise undefined(reference)
