"""The document worker: a process of its own for each command, so that scripts outlive the agent.

It reads the command from the state file, runs it, and leaves in the channel folder: `worker.json`, who it is;
`0001.json` and so on, a step's result each; `complete.json`, how the document ended. The agent, or the next one, picks
them up. A file named `cancel` there cancels the command.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.agent.cancellation import Cancellation
from rehearsal.agent.config import read_config
from rehearsal.agent.content import RejectedError
from rehearsal.agent.document import prepare
from rehearsal.agent.flow import run_steps
from rehearsal.agent.results import Status, StepResult, document_status
from rehearsal.agent.run_context import RunContext
from rehearsal.agent.store import CANCEL, COMPLETE, WORKER, CommandState, Stage, Store, WorkerProcess, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOOK_FOR_CANCEL_SECONDS = 0.1
_USAGE = 2


def work(arguments: Sequence[str]) -> int:
    """`--worker <config> <instance's data folder> <command ID>`; exit status 0 whatever the document ends with."""
    if len(arguments) != 3:  # noqa: PLR2004 - the arguments above
        print("usage: --worker CONFIG FOLDER COMMAND; the agent starts this", file=sys.stderr)
        return _USAGE
    config_path, folder, command_id = Path(arguments[0]), Path(arguments[1]), arguments[2]
    store = Store(folder)
    state = store.load(command_id, Stage.CURRENT)
    channel = store.channel(command_id)
    channel.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(channel / WORKER, asdict(WorkerProcess.of(os.getpid())))
    cancellation = Cancellation()
    threading.Thread(target=_watch_for_cancel, args=(channel / CANCEL, cancellation), daemon=True).start()
    run = _context(config_path, state, store, cancellation)
    status, trace = _run(state, run, channel)
    write_whole(channel / COMPLETE, {"status": status, "trace": trace})
    return 0


def _run(state: CommandState, run: RunContext, channel: Path) -> tuple[Status, str]:
    try:
        document = prepare(state.command.content, state.command.parameters, run)
    except RejectedError as error:
        return Status.FAILED, str(error)
    except Exception as error:  # noqa: BLE001 - {{ssm:}} may fail in the network or at the service: the document fails
        return Status.FAILED, f"{type(error).__name__}: {error}"
    numbers = iter(range(1, len(document.steps) + 1))

    def keep(result: StepResult) -> None:
        _upload(state, run, result)
        write_whole(channel / f"{next(numbers):04}.json", result.to_json())

    results = run_steps(document, run, earlier=state.results, on_result=keep)
    return document_status(results), ""


def _upload(state: CommandState, run: RunContext, result: StepResult) -> None:
    targets = state.command.targets
    if targets.s3_bucket or targets.log_group:
        from rehearsal.agent.uploads import upload_output  # noqa: PLC0415 - few commands ask for it

        upload_output(targets, run, result)


def _context(config_path: Path, state: CommandState, store: Store, cancellation: Cancellation) -> RunContext:
    from rehearsal.agent.aws import host_access  # noqa: PLC0415 - the worker's start is part of every command's time

    config = read_config(config_path)
    command_id = state.command.command_id
    orchestration = store.orchestration(command_id)
    orchestration.mkdir(parents=True, exist_ok=True, mode=0o700)
    return RunContext(
        orchestration=orchestration,
        command_id=command_id,
        instance_id=state.instance_id,
        region=state.region,
        environment=dict(os.environ),
        cancellation=cancellation,
        log=lambda text: print(f"[{command_id}] {text}", file=sys.stderr, flush=True),
        aws=host_access(state.region, config),
        agent_version=config.agent_version,
    )


def _watch_for_cancel(path: Path, cancellation: Cancellation) -> None:
    wait = threading.Event()
    while not path.exists():
        wait.wait(_LOOK_FOR_CANCEL_SECONDS)
    cancellation.cancel()
