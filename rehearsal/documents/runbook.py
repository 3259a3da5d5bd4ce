"""An Automation document as a list of steps with the flow between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.documents.model import Document
    from rehearsal.documents.source import Path

Reason = Literal["next", "choice", "default", "failure", "cancel", "continue"]


@dataclass(frozen=True)
class Edge:
    """One way out of a step: `target` is a step's name, `path` where it is written (the step itself when implied)."""

    target: str
    reason: Reason
    path: Path
    condition: Any = None


@dataclass(frozen=True)
class Step:
    """One step. `siblings` are the names of the list that it stands in, for what follows when nothing else is said."""

    name: str
    action: str
    path: Path
    body: Mapping[str, Any]
    loop: str | None
    following: str | None

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The step's inputs; empty when there are none or they are no mapping."""
        inputs = self.body.get("inputs")
        return inputs if isinstance(inputs, dict) else {}

    @property
    def is_end(self) -> bool:
        return is_true(self.body.get("isEnd"))

    @property
    def is_critical(self) -> bool:
        """Whether its failure fails the execution: explicit, else false after ``onFailure: Continue``, else true."""
        explicit = self.body.get("isCritical")
        return self.body.get("onFailure") != "Continue" if explicit is None else is_true(explicit)

    def target_of(self, key: str) -> str | None:
        """The step that ``onFailure: step:X`` or ``onCancel: step:X`` names."""
        value = self.body.get(key)
        return value.removeprefix("step:").strip() if isinstance(value, str) and value.startswith("step:") else None

    @property
    def declared_outputs(self) -> list[Mapping[str, Any]]:
        outputs = self.body.get("outputs")
        return [o for o in outputs if isinstance(o, dict)] if isinstance(outputs, list) else []

    def edges(self) -> list[Edge]:
        """Every way out of the step that the document shows, in the order in which the service looks at them."""
        edges = list(self._branch_edges()) if self.action == "aws:branch" else []
        explicit = self.body.get("nextStep")
        has_default = any(edge.reason == "default" for edge in edges)
        if not has_default and not self.is_end:
            if isinstance(explicit, str):
                edges.append(Edge(explicit, "next", (*self.path, "nextStep")))
            elif self.following is not None:
                edges.append(Edge(self.following, "next", self.path))
        return [*edges, *self._exception_edges(explicit)]

    def _exception_edges(self, explicit: Any) -> Iterator[Edge]:
        failure = self.target_of("onFailure")
        if failure is not None:
            yield Edge(failure, "failure", (*self.path, "onFailure"))
        if self.body.get("onFailure") == "Continue" and not self.is_end:
            after = explicit if isinstance(explicit, str) else self.following
            if after is not None:
                yield Edge(after, "continue", (*self.path, "onFailure"))
        cancel = self.target_of("onCancel")
        if cancel is not None:
            yield Edge(cancel, "cancel", (*self.path, "onCancel"))

    def _branch_edges(self) -> Iterator[Edge]:
        choices = self.inputs.get("Choices")
        for index, choice in enumerate(choices if isinstance(choices, list) else []):
            if isinstance(choice, dict) and isinstance(choice.get("NextStep"), str):
                condition = {key: value for key, value in choice.items() if key != "NextStep"}
                path = (*self.path, "inputs", "Choices", index, "NextStep")
                yield Edge(choice["NextStep"], "choice", path, condition)
        default = self.inputs.get("Default")
        if isinstance(default, str):
            yield Edge(default, "default", (*self.path, "inputs", "Default"))


def is_true(value: Any) -> bool:
    """A flag as AWS's own documents write it: a boolean, or the text 'true' or 'false'."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


@dataclass(frozen=True)
class Runbook:
    """The steps of an Automation document. Whatever has not the shape of a step is left to the rules on shapes."""

    document: Document

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step in the order of the document, a loop's own steps right after the loop."""
        return tuple(self._steps(self.document.content.get("mainSteps"), ("mainSteps",), None))

    @cached_property
    def top(self) -> tuple[Step, ...]:
        """The steps of mainSteps itself."""
        return tuple(step for step in self.steps if step.loop is None)

    @cached_property
    def by_name(self) -> Mapping[str, Step]:
        return {step.name: step for step in reversed(self.steps)}

    @property
    def parameters(self) -> Mapping[str, Any]:
        return mapping(self.document.content.get("parameters"))

    @property
    def variables(self) -> Mapping[str, Any]:
        return mapping(self.document.content.get("variables"))

    def inside(self, loop: str) -> tuple[Step, ...]:
        """The steps that stand directly in a loop."""
        return tuple(step for step in self.steps if step.loop == loop)

    def _steps(self, listed: Any, path: Path, loop: str | None) -> Iterator[Step]:
        bodies = [(i, b) for i, b in enumerate(listed) if isinstance(b, dict)] if isinstance(listed, list) else []
        names = [body.get("name") if isinstance(body.get("name"), str) else None for _, body in bodies]
        for position, (index, body) in enumerate(bodies):
            following = next((name for name in names[position + 1 :] if name is not None), None)
            step = Step(
                name=names[position] or "",
                action=body["action"] if isinstance(body.get("action"), str) else "",
                path=(*path, index),
                body=body,
                loop=loop,
                following=following,
            )
            yield step
            if step.action == "aws:loop":
                yield from self._steps(step.inputs.get("Steps"), (*step.path, "inputs", "Steps"), step.name)


def mapping(value: Any) -> Mapping[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}
