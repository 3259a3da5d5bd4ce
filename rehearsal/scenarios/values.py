"""`{{ name }}` in scenarios: what only the running rehearsal knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from rehearsal.scenarios.problems import ScenarioError


class Values:
    """Fills in placeholders. Names are those of the mapping it was made of; nested mappings are reached with dots."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)
        self._environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)

    def fill(self, value: Any, **more: Any) -> Any:
        """The value with every placeholder in its strings replaced; lists and mappings are gone through."""
        if isinstance(value, str):
            return self._text(value, more) if "{" in value else value
        if isinstance(value, Mapping):
            return {key: self.fill(item, **more) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.fill(item, **more) for item in value]
        return value

    def _text(self, text: str, more: Mapping[str, Any]) -> str:
        try:
            return self._environment.from_string(text).render({**self._names, **more})
        except jinja2.TemplateError as problem:
            known = ", ".join(sorted(self._names))
            raise ScenarioError(f"{text!r} cannot be filled in: {problem}. Known here: {known}") from problem
