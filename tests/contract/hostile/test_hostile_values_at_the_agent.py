"""Every hostile value for every parameter of every command document: the agent refuses it before any step.

The agent checks patterns again, for the service is not the only one that can hand it a command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal.agent.cancellation import Cancellation
from rehearsal.agent.content import RejectedError
from rehearsal.agent.document import prepare
from rehearsal.agent.run_context import RunContext


class HostileStore:
    """A Parameter Store in which every parameter is a command."""

    def get_parameters(self, names: list[str]) -> dict[str, Any]:
        found = [{"Name": name, "Type": "String", "Value": "$(touch CANARY)"} for name in names]
        return {"Parameters": found, "InvalidParameters": []}


def agent(version: str, logged: list[str]) -> RunContext:
    store: Any = HostileStore()
    return RunContext(
        Path("unused"), "command", "instance", "us-east-1", {}, Cancellation(), logged.append, store, version
    )


def test_no_hostile_value_reaches_a_script_but_those_listed(
    library: Any, parameters: Any, values: Any, others: Any, accepted: Any
) -> None:
    reached, silent, logged = set(), [], list[str]()
    for document, parameter in parameters:
        if library[document]["schemaVersion"] != "2.2":
            continue
        rest = others(document, parameter)
        for name, value in values(document, parameter).items():
            given = {**rest, parameter: value}
            for version in ("3.3.3572.0", "3.3.1142.0"):
                try:
                    prepared = prepare(library[document], given, agent(version, logged))
                except RejectedError as error:
                    if f"Parameter value for {parameter} " not in str(error):
                        silent.append((document, parameter, name, str(error)))
                    continue
                reached.add((document, parameter, name))
                # As data: in the step's environment, or, with an agent that does not know of that, nowhere.
                assert value not in "".join(prepared.steps[0].inputs["runCommand"])
                assert (f"SSM_{parameter}" in prepared.steps[0].environment) == (version == "3.3.3572.0")
    listed = accepted["handled_as_data"].items()
    assert reached == {(name, key, value) for name, keys in listed for key, found in keys.items() for value in found}
    assert silent == []
    assert logged == []
