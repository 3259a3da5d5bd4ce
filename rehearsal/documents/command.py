"""A Command document as a list of steps and the scripts that they run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rehearsal.documents.model import Document, Intrinsic
from rehearsal.documents.references import REFERENCE
from rehearsal.documents.runbook import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.source import Path

SHELL = "aws:runShellScript"
POWERSHELL = "aws:runPowerShellScript"


@dataclass(frozen=True)
class ShellScript:
    """The text that the agent writes into a file and runs: the items of runCommand, joined by newlines."""

    step: CommandStep
    items: tuple[tuple[Path, str], ...]

    @cached_property
    def text(self) -> str:
        return "\n".join(text for _, text in self.items) + "\n"

    @property
    def shebang(self) -> str | None:
        """The interpreter line, which counts on the very first line only."""
        first = self.text.split("\n", 1)[0]
        return first if first.startswith("#!") else None

    @property
    def is_shell(self) -> bool:
        """Whether a shell reads the script, rather than Python or another interpreter that its first line names."""
        return self.shebang is None or any(name in self.shebang for name in ("bash", "/sh", "dash", "ksh", "env sh"))

    @property
    def is_known(self) -> bool:
        """Whether the whole text stands in the document: not when it is a parameter, or left to a deployment."""
        if any(isinstance(text, Intrinsic) for _, text in self.items):
            return False
        return not any(REFERENCE.fullmatch(text.strip()) for _, text in self.items)

    def at(self, line: int) -> tuple[Path, int]:
        """The item that a line of the whole text stands in, and its line there; both count from one."""
        left = line
        for path, text in self.items:
            count = text.count("\n") + 1
            if left <= count:
                return path, left
            left -= count
        return self.items[-1][0], 1


@dataclass(frozen=True)
class CommandStep:
    """One step, or one plugin of schema 1.2. `sets` are its inputs: the agent takes one mapping or a list of them."""

    name: str
    action: str
    path: Path
    body: Mapping[str, Any]

    @property
    def sets(self) -> list[tuple[Path, Mapping[str, Any]]]:
        """Each set of inputs with its path, keys as written."""
        key = "properties" if "properties" in self.body and "inputs" not in self.body else "inputs"
        given = self.body.get(key)
        path = (*self.path, key)
        if isinstance(given, list):
            return [((*path, index), mapping(item)) for index, item in enumerate(given)]
        return [(path, mapping(given))]

    def input(self, name: str) -> Any:
        """An input of the first set by its name, which the agent reads without regard to case."""
        return get(self.sets[0][1], name) if self.sets else None

    @cached_property
    def scripts(self) -> tuple[ShellScript, ...]:
        """The scripts that the step runs; none where runCommand is not a list of texts."""
        return tuple(self._scripts())

    def _scripts(self) -> Iterator[ShellScript]:
        for path, inputs in self.sets:
            for key, value in inputs.items():
                if key.lower() != "runcommand" or not isinstance(value, list) or not value:
                    continue
                if all(isinstance(item, str) for item in value):
                    items = tuple(((*path, key, index), item) for index, item in enumerate(value))
                    yield ShellScript(self, items)


def get(inputs: Mapping[str, Any], name: str) -> Any:
    """A value by its key, without regard to case."""
    wanted = name.lower()
    return next((value for key, value in inputs.items() if key.lower() == wanted), None)


@dataclass(frozen=True)
class CommandDocument:
    """The steps of a Command document of any schema."""

    document: Document

    @cached_property
    def steps(self) -> tuple[CommandStep, ...]:
        content = self.document.content
        if "runtimeConfig" in content and "mainSteps" not in content:
            return tuple(self._plugins())
        listed = content.get("mainSteps")
        return tuple(
            CommandStep(_text(body, "name"), _text(body, "action"), ("mainSteps", index), body)
            for index, body in enumerate(listed if isinstance(listed, list) else [])
            if isinstance(body, dict)
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        return mapping(self.document.content.get("parameters"))

    def stop_when_unset(self, name: str) -> str:
        """The shell operator that stops a script if the agent does not set ``SSM_<name>``: an empty default passes."""
        return "?" if mapping(self.parameters[name]).get("default") == "" else ":?"

    @property
    def environment_parameters(self) -> set[str]:
        """The parameters that reach scripts as environment variables, ``SSM_<name>``."""
        found = self.parameters.items()
        return {name for name, definition in found if mapping(definition).get("interpolationType") == "ENV_VAR"}

    @property
    def shell_scripts(self) -> Iterator[ShellScript]:
        """Every script for a shell on Linux or macOS."""
        for step in self.steps:
            if step.action == SHELL:
                yield from step.scripts

    def _plugins(self) -> Iterator[CommandStep]:
        """Schema 1.2 has plugins by name under runtimeConfig."""
        for action, body in mapping(self.document.content.get("runtimeConfig")).items():
            if isinstance(body, dict):
                yield CommandStep(action, action, ("runtimeConfig", action), body)


def _text(body: Mapping[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""
