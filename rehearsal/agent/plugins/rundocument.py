"""aws:runDocument: the steps of another document as one step of this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.agent.aws import AwsError
from rehearsal.agent.content import RejectedError
from rehearsal.agent.document import prepare
from rehearsal.agent.flow import run_steps
from rehearsal.agent.http_client import TransportError
from rehearsal.agent.imds import MetadataError
from rehearsal.agent.loading import load_file
from rehearsal.agent.output import folder_name
from rehearsal.agent.plugins.inputs import InputError, object_member, text_member
from rehearsal.agent.results import REBOOT, Status, document_status

if TYPE_CHECKING:
    from rehearsal.agent.content import Step
    from rehearsal.agent.output import StepOutput
    from rehearsal.agent.run_context import RunContext

_MAX_DEPTH = 3
_NO_OPERATION = "AWS-Noop"


def run_document(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:
    """Inputs: documentType SSMDocument or LocalPath, documentPath, documentParameters (an object, or a text of one)."""
    if run.cancellation.cancelled:
        output.cancelled()
        return
    try:
        _run(step, inputs, output, run)
    except InputError as error:
        output.fail(f"invalid input: {error}")
    except RejectedError as error:
        output.fail(f"There was an error while preparing documents - {error}")
    except OSError as error:
        output.fail(
            f"There was an error while preparing documents - {error.filename}: {(error.strerror or '').lower()}"
        )
    except (AwsError, TransportError, MetadataError) as error:
        output.fail(f"Unable to get ssm document. {error}")


def _run(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:
    kind, path = text_member(inputs, "documentType"), text_member(inputs, "documentPath")
    if not kind:
        raise InputError("Document Type must be specified to either by SSMDocument or LocalPath.")
    if kind not in {"SSMDocument", "LocalPath"}:
        raise InputError("Document type specified in invalid")
    if not path:
        raise InputError("Document Path must be provided")
    depth = run.depth + 1
    if depth > _MAX_DEPTH:
        output.fail(
            "Maximum depth for document execution exceeded. "
            f"Maximum depth permitted - {_MAX_DEPTH} and current depth - {depth}"
        )
        return
    if kind == "SSMDocument" and path == _NO_OPERATION:
        output.succeed()
        return
    folder = run.orchestration / folder_name(step.name)
    file = _download(path, folder / "downloads", run) if kind == "SSMDocument" else _local(path, run)
    inner = run.inner(folder)
    document = prepare(load_file(file), object_member(inputs, "documentParameters"), inner)
    results = run_steps(document, inner)
    for result in results:
        output.info(result.stdout)
        output.error(result.stderr or result.error)
    status = document_status(results)
    if status is Status.SUCCESS:
        output.succeed()
    else:
        output.code, output.status = (REBOOT if status is Status.SUCCESS_AND_REBOOT else 1), status


def _local(path: str, run: RunContext) -> Path:
    """A relative path is below what an earlier aws:downloadContent of this document brought."""
    return Path(path) if Path(path).is_absolute() else run.orchestration / "downloads" / path


def _download(path: str, folder: Path, run: RunContext) -> Path:
    """`path` is a name or ARN, with `:version` or without."""
    if run.aws is None:
        raise RejectedError(f"the document {path} needs the SSM endpoint, which this run has no access to")
    base = path.rpartition("/")[2]
    name, _, version = base.partition(":")
    full_name = path.removesuffix(f":{version}") if version else path
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{folder_name(name)}.json"
    file.write_text(run.aws.get_document(full_name, version), encoding="utf-8")
    return file
