"""From nothing to deployed stacks; what was half-made is taken down again."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rehearsal.cli import clients, ports
from rehearsal.cli.deploy import Deployment
from rehearsal.cli.problems import Problem, Rejection
from rehearsal.cli.take_down import take_down
from rehearsal.daemon import launch
from rehearsal.daemon.state import State, daemons_of
from rehearsal.hosts import HostsError, prepare
from rehearsal.settings import SettingsError

if TYPE_CHECKING:
    from rehearsal.cli.progress import Progress
    from rehearsal.settings import Settings

SHOWN_LINES = 20
MINUTE = 60.0


@dataclass(frozen=True)
class Up:
    """A rehearsal that is up. `deployments` are the AWS CLI's commands that have not given their own word yet."""

    state: State
    deployments: tuple[Deployment, ...]
    was_up: bool

    def confirm(self) -> None:
        """Wait until every `aws cloudformation deploy` has ended. Raises Problem when one disagrees."""
        for deployment in self.deployments:
            deployment.confirm()


def bring_up(
    settings: Settings,
    chosen: dict[str, str],
    progress: Progress,
    *,
    keep_failed: bool,
    tick_seconds: float | None = None,
) -> Up:
    """Render, prepare, start and deploy. On a rehearsal that is up it deploys what has changed.

    `tick_seconds` is how long a minute of schedules and alarms is to last: 60 where nothing is said.

    Raises Problem. What this call has started is then taken down again, unless `keep_failed`.
    """
    variant = _variant(settings, chosen)
    with progress.phase("Rendering templates"):
        render(settings)
    state = _running(settings, variant, chosen, progress, tick_seconds)
    if state:
        return Up(state, _deploy_all(settings, state, progress), was_up=True)
    _require_port(settings)
    try:
        state = _start(settings, variant, progress, tick_seconds or MINUTE)
        deployments = _deploy_all(settings, state, progress)
    except BaseException:
        if not keep_failed:
            with progress.phase("Taking down what was started"):
                take_down(settings, progress, keep_log=True)
        raise
    state = replace(state, is_deployed=True)
    state.write(settings.state_folder)
    return Up(state, deployments, was_up=False)


def render(settings: Settings) -> None:
    """Run rehearsal.toml's render command. Raises Problem with what it wrote when it fails."""
    command = list(settings.render.command)
    if not command:
        return
    if command[0] == "python":
        command[0] = sys.executable
    done = subprocess.run(command, cwd=settings.root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-SHOWN_LINES:])
        raise Rejection(
            f"`{' '.join(settings.render.command)}` ended with code {done.returncode}\n{said}",
            next_step=f"{settings.path} names it ([render] command); it runs in {settings.root}.",
        )


def _variant(settings: Settings, chosen: dict[str, str]) -> dict[str, str]:
    try:
        return settings.variant(chosen)
    except SettingsError as error:
        raise Rejection(str(error)) from error


def _running(
    settings: Settings,
    variant: dict[str, str],
    chosen: dict[str, str],
    progress: Progress,
    tick_seconds: float | None,
) -> State | None:
    """The rehearsal that is up and whole.

    Where only its process has ended, the process is started again: it takes up its state and finds its hosts. What was
    broken off before it was deployed is taken down, so that nothing is built upon it.
    """
    state = State.read(settings.state_folder)
    if state is None:
        return None
    if not state.is_deployed:
        with progress.phase("Taking down what an earlier command left behind"):
            take_down(settings, progress)
        return None
    if any(state.variant.get(name) != choice for name, choice in variant.items() if name in chosen):
        is_up = ", ".join(f"{name} {choice}" for name, choice in state.variant.items())
        raise Rejection(f"a rehearsal with {is_up} is up", next_step="./rehearse down, and then this again.")
    if tick_seconds not in {None, state.tick_seconds}:
        is_up = f"a rehearsal whose ticks last {state.tick_seconds:g} s is up"
        raise Rejection(is_up, next_step="./rehearse down, and then this again.")
    if not state.is_alive():
        progress.line("The cloud's process has ended; starting it again with the state that it kept")
        _require_port(settings)
        state = replace(_start(settings, state.variant, progress, state.tick_seconds), is_deployed=True)
        state.write(settings.state_folder)
    return state


def _require_port(settings: Settings) -> None:
    port = settings.cloud.port
    if ports.is_free("127.0.0.1", port):
        return
    holder = ports.holder(port) or "a process that this user may not see"
    next_step = "End that process, or choose another port in rehearsal.toml ([cloud] port)."
    if "rehearsal.daemon" in holder:
        next_step = "That is the rehearsal of another checkout; there is one at a time. There: ./rehearse down"
    if daemons_of(settings.path):
        next_step = "That is this checkout's own rehearsal, whose state.json cannot be read: ./rehearse down"
    raise Problem(
        f"port {port} of 127.0.0.1, where the endpoint is to answer, is taken by {holder}", next_step=next_step
    )


def _start(settings: Settings, variant: dict[str, str], progress: Progress, tick_seconds: float) -> State:
    try:
        with progress.phase("Preparing the container engine and the images"):
            images = prepare(settings, variant, progress)
    except HostsError as error:
        raise Problem(str(error)) from error
    try:
        with progress.phase("Starting the cloud"):
            return launch.start(settings, images, tick_seconds, progress.line)
    except launch.DaemonError as error:
        raise Problem(str(error), next_step=f"The whole log: {settings.state_folder / launch.LOG_FILE}") from error


def _deploy_all(settings: Settings, state: State, progress: Progress) -> tuple[Deployment, ...]:
    aws = clients.aws(state)
    deployments: list[Deployment] = []
    try:
        for stack in settings.stacks:
            with progress.phase(f"aws cloudformation deploy --stack-name {stack.name}"):
                deployment = Deployment(stack, settings.parameters(stack, state.variant), state, aws)
                deployments.append(deployment)
                deployment.wait(progress)
    except BaseException:
        for deployment in deployments:
            deployment.cancel()
        raise
    return tuple(deployments)
