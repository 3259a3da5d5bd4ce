"""Copy a step's output to S3 and CloudWatch Logs when the command asks for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rehearsal.agent.aws import AwsError, HostAccess
from rehearsal.agent.http_client import TransportError
from rehearsal.agent.imds import MetadataError
from rehearsal.agent.output import folder_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rehearsal.agent.messages import OutputTargets
    from rehearsal.agent.results import StepResult
    from rehearsal.agent.run_context import RunContext

_MAX_OBJECT = 100 * 1_048_576
_MAX_EVENT = 200_000
_EVENTS_PER_CALL = 500
_STREAMS = ("stdout", "stderr")


def upload_output(targets: OutputTargets, run: RunContext, result: StepResult) -> None:
    """Upload the step's files. As for the genuine agent, a failed upload is logged and changes no result."""
    if not isinstance(run.aws, HostAccess):
        return
    folder = run.orchestration / folder_name(result.action) / result.output_name
    for name in _STREAMS:
        path = folder / name
        if not path.is_file() or path.stat().st_size == 0:
            continue
        try:
            _upload_file(targets, run.aws, run, result, path)
        except (AwsError, TransportError, MetadataError, OSError) as error:
            run.log(f"failed to upload {name} of step {result.name}: {error}")


def _upload_file(targets: OutputTargets, aws: HostAccess, run: RunContext, result: StepResult, path: Path) -> None:
    if targets.s3_bucket:
        with path.open("rb") as file:
            key = "/".join(filter(None, [targets.s3_prefix, folder_name(result.action), result.output_name, path.name]))
            aws.put_object(targets.s3_bucket, key, file.read(_MAX_OBJECT))
    if targets.log_group:
        step = result.name.replace(":", "-").replace("*", "-")
        stream = f"{run.command_id}/{run.instance_id}/{step}/{path.name}"
        for events in _events(path):
            aws.put_log_events(targets.log_group, stream, events)


def _events(path: Path) -> Iterator[list[dict[str, object]]]:
    """Lines as log events, in batches that one call may carry."""
    batch: list[dict[str, object]] = []
    size = 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in iter(lambda: file.readline(_MAX_EVENT), ""):
            text = line.rstrip("\n")
            if not text:
                continue
            batch.append({"timestamp": int(time.time() * 1000), "message": text})
            size += 4 * len(text)
            if len(batch) >= _EVENTS_PER_CALL or size > _MAX_EVENT:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch
