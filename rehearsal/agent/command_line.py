"""Run one Command document on this machine and print its result as JSON.

Exit status: 0 Success; 1 Failed, TimedOut or Cancelled; 3 rejected before any step; 2 usage; 194 a step asks for a
reboot: reboot and run the same command again with the same `--state`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.agent import AGENT_VERSION
from rehearsal.agent.cancellation import Cancellation
from rehearsal.agent.content import RejectedError
from rehearsal.agent.document import prepare
from rehearsal.agent.flow import run_steps
from rehearsal.agent.loading import load_file
from rehearsal.agent.results import REBOOT, Status, StepResult, document_status, truncate
from rehearsal.agent.run_context import RunContext, version_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXIT_STATUS = {Status.SUCCESS: 0, Status.SUCCESS_AND_REBOOT: REBOOT}
REJECTED = 3


def run(arguments: Sequence[str]) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        raw = load_file(options.document)
        with _state_folder(options.state) as folder:
            status, results = _run_document(raw, options, folder)
    except OSError as error:
        parser.error(f"{error.filename}: {(error.strerror or str(error)).lower()}")
    except RejectedError as error:
        print(f"{options.document}: rejected before any step: {error}", file=sys.stderr)
        print(json.dumps({"status": Status.FAILED, "steps": [], "message": str(error)}))
        return REJECTED
    print(json.dumps({"status": status, "steps": [_shown(result) for result in results]}))
    return EXIT_STATUS.get(status, 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal.agent", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("document", type=Path, help="the document, YAML or JSON")
    parser.add_argument("--parameters", type=_parameters, default={}, metavar="JSON", help="an object: name to value")
    parser.add_argument("--state", type=Path, help="keep the orchestration folder here and go on from it")
    parser.add_argument("--agent-version", type=_version, default=AGENT_VERSION, help="behave as this release does")
    parser.add_argument("--instance-id", default="i-00000000000000000", help="what scripts see as their instance")
    parser.add_argument(
        "--region", default=os.environ.get("AWS_REGION", "us-east-1"), help="what scripts see as Region"
    )
    parser.add_argument("--aws", action="store_true", help="resolve {{ssm:...}} and downloads with this host's role")
    parser.epilog = "--serve runs the agent of a host; see packaging/README.md beside this module"
    return parser


def _parameters(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError('must be a JSON object such as {"Name": "value"}')
    return value


def _version(text: str) -> str:
    try:
        version_tuple(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be numbers with dots, such as 3.3.3572.0") from None
    return text


@contextlib.contextmanager
def _state_folder(given: Path | None) -> Iterator[Path]:
    if given is None:
        with tempfile.TemporaryDirectory(prefix="ssm-agent-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    given.mkdir(parents=True, exist_ok=True)
    yield given.resolve()


def _run_document(raw: Any, options: argparse.Namespace, folder: Path) -> tuple[Status, list[StepResult]]:
    cancellation = Cancellation()
    context = RunContext(
        orchestration=folder,
        command_id=str(uuid.uuid4()),
        instance_id=options.instance_id,
        region=options.region,
        environment=dict(os.environ),
        cancellation=cancellation,
        log=lambda text: print(text, file=sys.stderr),
        aws=_aws(options) if options.aws else None,
        agent_version=options.agent_version,
    )
    earlier, prepared = _earlier_results(folder / "results.json"), prepare(raw, options.parameters, context)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: cancellation.cancel())
    kept = dict(earlier)

    def keep(result: StepResult) -> None:
        kept[result.name] = result
        if options.state:
            values = {name: one.to_json() for name, one in kept.items()}
            (folder / "results.json").write_text(json.dumps(values), encoding="utf-8")

    results = run_steps(prepared, context, earlier=earlier, on_result=keep)
    return document_status(results), results


def _earlier_results(path: Path) -> dict[str, StepResult]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return {name: StepResult.from_json(value) for name, value in values.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError) as error:
        raise RejectedError(
            f"{path} is not what an earlier run left there ({error}); remove it to begin anew"
        ) from None


def _aws(options: argparse.Namespace) -> Any:
    from rehearsal.agent.aws import host_access  # noqa: PLC0415 - HTTP is not needed otherwise

    return host_access(options.region)


def _shown(result: StepResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "action": result.action,
        "status": result.status,
        "code": result.code,
        "stdout": truncate(result.stdout),
        "stderr": truncate(result.stderr or result.error),
    }
