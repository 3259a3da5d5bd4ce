"""aws:downloadContent: files from S3, the document store, a web server or a git repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.agent.aws import AwsError
from rehearsal.agent.http_client import TransportError
from rehearsal.agent.imds import MetadataError
from rehearsal.agent.plugins.inputs import InputError, object_member, text_member
from rehearsal.agent.plugins.sources import FETCHERS

if TYPE_CHECKING:
    from rehearsal.agent.content import Step
    from rehearsal.agent.output import StepOutput
    from rehearsal.agent.run_context import RunContext


def download_content(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:  # noqa: ARG001 - a plugin
    """Inputs: sourceType, sourceInfo (an object, or JSON of one), destinationPath.

    A relative destination is below this command's downloads, where relative working directories are looked for.
    """
    if run.cancellation.cancelled:
        output.cancelled()
        return
    try:
        target = _download(inputs, run)
    except InputError as error:
        output.fail(f"invalid input: {error}")
    except (AwsError, TransportError, MetadataError, OSError) as error:
        output.fail(f"failed to download: {error}")
    else:
        output.info(f"Content downloaded to {target}")
        output.succeed()


def _download(inputs: Any, run: RunContext) -> Path:
    kind = text_member(inputs, "sourceType")
    if not kind:
        raise InputError("SourceType must be specified")
    if kind not in FETCHERS:
        raise InputError(f"Unsupported source type {kind}: the stand-in agent fetches {', '.join(sorted(FETCHERS))}")
    information = object_member(inputs, "sourceInfo")
    if not information:
        raise InputError("SourceInfo must be specified")
    destination = text_member(inputs, "destinationPath")
    folder = not destination or destination.endswith("/")
    target = Path(destination) if Path(destination).is_absolute() else run.orchestration / "downloads" / destination
    # Made before anything is fetched: later steps find the folder even when this one fails.
    (target if folder else target.parent).mkdir(parents=True, exist_ok=True)
    for file in FETCHERS[kind](information, target, folder, run):
        file.chmod(0o700)
    return target
