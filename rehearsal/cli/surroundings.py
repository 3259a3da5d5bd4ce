"""What scenarios work with in this rehearsal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.cli.clients import aws
from rehearsal.hosts import HostsError, Internet
from rehearsal.scenarios.executions import Executions
from rehearsal.scenarios.hosts import Hosts
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.surroundings import Surroundings
from rehearsal.scenarios.values import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.daemon.state import State
    from rehearsal.scenarios.aws import Aws
    from rehearsal.scenarios.model import Common
    from rehearsal.scenarios.outside import Completed, Running
    from rehearsal.settings import Settings


class RehearsedOutside:
    """The `internet` container as scenarios know it: what goes wrong there is an error of theirs."""

    def __init__(self, settings: Settings) -> None:
        self._internet = Internet(settings)

    def run(self, argv: Sequence[str], *, stdin: str | None = None, timeout_seconds: float = 60) -> Completed:
        try:
            return self._internet.run(argv, stdin=stdin, timeout_seconds=timeout_seconds)
        except HostsError as error:
            raise ScenarioError(str(error)) from error

    def start(self, argv: Sequence[str]) -> Running:
        try:
            return self._internet.start(argv)
        except HostsError as error:
            raise ScenarioError(str(error)) from error


def surroundings_of(settings: Settings, state: State, common: Common) -> Surroundings:
    """Scenarios operate the last stack of rehearsal.toml; those before it are what it stands on.

    Their files may use `{{ stack }}`, `{{ outputs.Name }}` (of that stack), `{{ stacks["name"].Name }}` (outputs of any
    stack), `{{ region }}`, `{{ account_id }}`, `{{ variant.option }}` and `{{ tick_seconds }}`.
    """
    account = aws(state)
    stacks = {stack.name: _outputs(account, stack.name) for stack in settings.stacks}
    stack = settings.stacks[-1].name
    names = {
        "stack": stack,
        "outputs": stacks[stack],
        "stacks": stacks,
        "region": state.region,
        "account_id": state.account_id,
        "variant": state.variant,
        "tick_seconds": state.tick_seconds,
    }
    return Surroundings(
        aws=account,
        outside=RehearsedOutside(settings),
        hosts=Hosts(account, stack=stack, tag=common.host_tag),
        executions=Executions(account),
        common=common,
        values=Values(names),
        tick_seconds=state.tick_seconds,
    )


def _outputs(account: Aws, stack: str) -> dict[str, str]:
    described = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
