"""Does what a scenario's file wants done around a run: commands on hosts, other runbooks, calls of AWS APIs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.scenarios import runs
from rehearsal.scenarios.checks import aws
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rehearsal.scenarios.executions import Event
    from rehearsal.scenarios.proofs import Action
    from rehearsal.scenarios.surroundings import Surroundings

COMMAND_SECONDS = 120
POLL_SECONDS = 0.5
BETWEEN_STATES = "IncorrectInstanceState"


@dataclass
class Actions:
    """Does actions one after the other.

    `known` has what a file gave a name (`known_as`): the id of a runbook's
    execution, the answer of an AWS API.
    """

    surroundings: Surroundings
    tell: Callable[[Event], None]
    known: dict[str, Any] = field(default_factory=dict)

    def do(self, actions: Iterable[Action]) -> None:
        """Raises ScenarioError at the first one that fails: what comes after it builds upon it."""
        for action in actions:
            self._one(action)

    def do_all(self, actions: Iterable[Action]) -> list[str]:
        """Every one, also after one that fails, as what tidies up must; why those failed that did."""
        problems = []
        for action in actions:
            try:
                self._one(action)
            except (ScenarioError, ClientError, BotoCoreError, TimeoutError) as problem:
                problems.append(str(problem))
        return problems

    def fill(self, value: Any) -> Any:
        """The value with placeholders replaced; `{{ known.NAME }}` is what an action made known."""
        return self.surroundings.values.fill(value, known=self.known)

    def _one(self, action: Action) -> None:
        settings = self.fill(action.settings)
        if action.kind == "host":
            self._command(settings)
        elif action.kind == "runbook":
            self._runbook(settings)
        else:
            answer = self._call(settings)
            if "known_as" in settings:
                self.known[settings["known_as"]] = answer

    def _call(self, settings: Mapping[str, Any]) -> Any:
        """Call the API, and again while EC2 says that the instance is between two states, as one that stops is."""
        deadline = time.monotonic() + COMMAND_SECONDS
        while True:
            try:
                return aws.read(settings, self.surroundings)
            except ClientError as error:
                if error.response["Error"]["Code"] != BETWEEN_STATES or time.monotonic() > deadline:
                    raise
            time.sleep(POLL_SECONDS)

    def _command(self, settings: Mapping[str, Any]) -> None:
        at, command = settings["at"], settings["command"]
        seconds = settings.get("timeout_seconds", COMMAND_SECONDS)
        done = self.surroundings.hosts.run(at, command, timeout_seconds=seconds)
        if not done.passed:
            first = command.strip().splitlines()[0]
            raise ScenarioError(f"`{first}` on {at} is {done.status}: {(done.stderr or done.stdout).strip()}")

    def _runbook(self, settings: Mapping[str, Any]) -> None:
        name = settings["name"]
        run = runs.run(self.surroundings.executions, name, settings.get("parameters", {}), tell=self.tell)
        if "known_as" in settings:
            self.known[settings["known_as"]] = run.execution_id
        if run.status != "Success":
            raise ScenarioError(f"{name} ended {run.status}: {run.message}")
