"""`aws:executeScript`: run Python or PowerShell in a process of its own (reference §3.13)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from rehearsal.automation.action import ANYTHING, TEXT, Action, Input, StepContext, StepResult
from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.scripts import powershell
from rehearsal.automation.scripts.pool import DISK_MIB, ScriptCrashedError, ScriptJob, ScriptResult
from rehearsal.automation.scripts.shipping import ship_log
from rehearsal.automation.statuses import Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

STAGE = "Poll action status for completion"
PYTHON = ("python3.10", "python3.11", "python3.12")
POWERSHELL = ("PowerShell 7.4",)
_CREDENTIALS = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    }
)


def run(context: StepContext) -> StepResult:
    """Run the script; what it returns is the output `Payload`."""
    runtime = str(context.inputs["Runtime"])
    if runtime in PYTHON:
        result = _run_python(context, runtime)
    elif runtime in POWERSHELL:
        result = powershell.run(context, environment_of(context))
    elif runtime.lower().startswith(("python", "powershell")):
        raise InvalidInputError(
            f"Runtime {runtime} is not supported (any more); there are {', '.join((*PYTHON, *POWERSHELL))}"
        )
    else:
        raise InvalidInputError(f"Runtime {runtime} is none of {', '.join((*PYTHON, *POWERSHELL))}")
    ship_log(context, result.log)
    if result.failure is not None:
        raise StepFailedError(result.failure, stage=STAGE)
    outputs = {"Payload": _payload(context, result.payload or "null")}
    return StepResult(outputs=outputs, payload=outputs)


def environment_of(context: StepContext) -> dict[str, str]:
    """Return the environment of a script: the role's credentials, or none at all without a role."""
    environment = context.session.environment()
    if context.has_role:
        return environment
    return {name: value for name, value in environment.items() if name not in _CREDENTIALS}


def _run_python(context: StepContext, runtime: str) -> ScriptResult:
    job = ScriptJob(
        runtime=runtime,
        handler=_handler(context.inputs),
        payload=context.inputs.get("InputPayload") or {},
        environment=environment_of(context),
        script=context.inputs.get("Script"),
        files=_attached(context),
    )
    try:
        with context.services.scripts.start(job) as running:
            return context.call(running.result, STAGE)
    except ScriptCrashedError as error:
        raise StepFailedError(str(error), stage=STAGE) from error


def _handler(inputs: Mapping[str, Any]) -> str:
    handler = inputs.get("Handler")
    if not handler:
        raise InvalidInputError("Input Handler of aws:executeScript is required for Python")
    if not inputs.get("Script") and not inputs.get("Attachment"):
        raise InvalidInputError("aws:executeScript needs a Script or an Attachment")
    return str(handler)


def _attached(context: StepContext) -> dict[str, bytes]:
    """Return the files of the attachment, unpacked when it is a zip."""
    name = context.inputs.get("Attachment")
    if not name:
        return {}
    content = context.document.attachments.get(str(name))
    if content is None:
        raise InvalidInputError(f"Attachment {name} is not an attachment of {context.document.name}")
    if not str(name).endswith(".zip"):
        return {str(name).rpartition("/")[2]: content}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if sum(entry.file_size for entry in entries) > DISK_MIB * 1024 * 1024:
            raise InvalidInputError(f"Attachment {name} unpacks to more than {DISK_MIB} MiB")
        for entry in entries:
            if entry.filename.startswith("/") or ".." in entry.filename.split("/"):
                raise InvalidInputError(f"Attachment {name} holds a path that leaves its folder: {entry.filename}")
        return {entry.filename: archive.read(entry) for entry in entries}


def _payload(context: StepContext, text: str) -> Any:
    limits = context.settings.limits
    value = json.loads(text)
    if isinstance(value, list) and len(value) > limits.script_list_items:
        value = value[: limits.script_list_items]
        text = json.dumps(value)
    if len(text.encode()) > limits.script_output_bytes:
        raise StepFailedError(
            f"The output of the script has {len(text.encode())} bytes; the most is {limits.script_output_bytes}",
            stage=STAGE,
        )
    return value


ACTION = Action(
    name="aws:executeScript",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs={
        "Runtime": Input(TEXT, required=True),
        "Handler": Input(TEXT),
        "Script": Input(TEXT),
        "Attachment": Input(TEXT),
        "InputPayload": Input(ANYTHING),
    },
    default_timeout=600,
    maximum_timeout=600,
    retries_throttling=False,
)
