"""Walking from step to step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.documents.runbook import Edge, Runbook, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Cycle = list[tuple[str, Edge]]


def successors(runbook: Runbook, *, cancel: bool) -> Mapping[str, list[Edge]]:
    """Each step's ways out, including into a loop's own steps and back out of them."""
    found: dict[str, list[Edge]] = {}
    for step in runbook.steps:
        edges = [edge for edge in step.edges() if cancel or edge.reason != "cancel"]
        found.setdefault(step.name, []).extend(edge for edge in edges if edge.target in runbook.by_name)
        inner = runbook.inside(step.name) if step.action == "aws:loop" else ()
        if inner and inner[0].name:
            found[step.name].append(Edge(inner[0].name, "next", step.path))
    return found


def reachable(runbook: Runbook, start: str, *, cancel: bool = True) -> set[str]:
    """The names of the steps that can run once `start` runs, itself included."""
    graph = successors(runbook, cancel=cancel)
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(edge.target for edge in graph.get(name, []))
    return seen


def cycles(runbook: Runbook) -> Iterator[Cycle]:
    """Each circle of steps, once, as (step, way out of it) pairs; ways that a cancelled run takes do not count."""
    graph = successors(runbook, cancel=False)
    done: set[str] = set()
    for step in runbook.steps:
        if step.name not in done:
            yield from _cycles_from(step, graph, done)


def _cycles_from(start: Step, graph: Mapping[str, list[Edge]], done: set[str]) -> Iterator[Cycle]:
    trail: list[tuple[str, Edge]] = []
    on_trail: dict[str, int] = {start.name: 0}
    pending = [iter(graph.get(start.name, []))]
    names = [start.name]
    while pending:
        edge = next(pending[-1], None)
        if edge is None:
            pending.pop()
            name = names.pop()
            done.add(name)
            del on_trail[name]
            if trail:
                trail.pop()
        elif edge.target in on_trail:
            yield [*trail[on_trail[edge.target] :], (names[-1], edge)]
        elif edge.target not in done:
            on_trail[edge.target] = len(names)
            trail.append((names[-1], edge))
            names.append(edge.target)
            pending.append(iter(graph.get(edge.target, [])))
