"""What has to exist before what, and doing work in that order, several resources at a time."""

from __future__ import annotations

import threading
from graphlib import CycleError, TopologicalSorter
from queue import SimpleQueue
from typing import TYPE_CHECKING

from moto.cloudformation.exceptions import ValidationError

from rehearsal.cloud.cloudformation.template import references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rehearsal.cloud.cloudformation.template import Template

    Graph = Mapping[str, frozenset[str]]

AT_A_TIME = 10


def dependencies(template: Template, names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return what each of these resources needs, by reference or DependsOn. Raises ValidationError for a circle."""
    wanted = frozenset(names)
    graph = {name: frozenset(references(template.resources[name])) & wanted for name in wanted}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{circle}]") from error
    return graph


def reverse(graph: Graph) -> dict[str, frozenset[str]]:
    """Turn "needs" into "is needed by": the order in which resources are deleted."""
    return {name: frozenset(other for other, needs in graph.items() if name in needs) for name in graph}


def run_in_order(
    graph: Graph, work: Callable[[str], None], stop: threading.Event | None = None
) -> dict[str, Exception]:
    """Do `work(name)` for every name once what it needs is done; return the failures by name.

    After a failure nothing new begins; with `stop`, what is under way is asked to end (it is set). Without it, work
    that does not need the failed one goes on.
    """
    sorter = TopologicalSorter({name: needs & graph.keys() for name, needs in graph.items()})
    sorter.prepare()
    finished: SimpleQueue[tuple[str, Exception | None]] = SimpleQueue()
    slots = threading.Semaphore(AT_A_TIME)
    failures: dict[str, Exception] = {}
    running = 0

    def attempt(name: str) -> None:
        with slots:
            try:
                work(name)
            except Exception as error:  # noqa: BLE001 - every failure is reported as the resource's
                finished.put((name, error))
            else:
                finished.put((name, None))

    while sorter.is_active():
        ready = sorter.get_ready() if not (failures and stop) else ()
        for name in ready:
            threading.Thread(target=attempt, args=(name,), name=f"resource {name}", daemon=True).start()
        running += len(ready)
        if not running:
            break
        name, error = finished.get()
        running -= 1
        if error is None:
            sorter.done(name)
            continue
        failures[name] = error
        if stop:
            stop.set()
    return failures
