"""aws:runShellScript and aws:runPowerShellScript."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.agent import goformat
from rehearsal.agent.content import member
from rehearsal.agent.output import folder_name
from rehearsal.agent.process import run_process
from rehearsal.agent.results import REBOOT, STOPPED, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rehearsal.agent.content import Step
    from rehearsal.agent.output import StepOutput
    from rehearsal.agent.run_context import RunContext

_DEFAULT_TIMEOUT = 3_600
_MIN_TIMEOUT = 5
_MAX_TIMEOUT = 172_800
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]


class _InvalidInputError(Exception):
    pass


def run_shell_script(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:
    """The lines of `runCommand` as a file, which `sh -c` executes: its first line may name another interpreter."""
    _run_script(step, inputs, output, run, script="_script.sh", command=["sh", "-c"])


def run_powershell_script(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:
    """The same for PowerShell. Without `pwsh` on the host the step fails; Linux does not skip it."""
    command = ["pwsh", "-InputFormat", "None", "-Noninteractive", "-NoProfile", "-ExecutionPolicy", "unrestricted"]
    _run_script(step, inputs, output, run, script="_script.ps1", command=[*command, "-File"])


def _run_script(
    step: Step, inputs: Any, output: StepOutput, run: RunContext, *, script: str, command: Sequence[str]
) -> None:
    if run.cancellation.cancelled:
        output.cancelled()
        return
    try:
        lines, environment = _lines(inputs), _environment(inputs)
        folder = _working_folder(inputs, run)
    except _InvalidInputError as error:
        output.fail(f"Invalid format in plugin properties {goformat.sprint(inputs)};\nerror {error}")
        return
    path = _script_folder(step, inputs, run) / script
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_script(path, "\n".join(lines) + "\n")
    ended = run_process(
        [*command, str(path)],
        folder=folder,
        environment=_script_environment(run, environment, step.environment),
        stdout=output.stdout.write,
        stderr=output.stderr.write,
        timeout_seconds=_timeout_seconds(inputs),
        cancellation=run.cancellation,
    )
    _mark(output, ended.code, ended.error, run)


def _mark(output: StepOutput, code: int, error: str, run: RunContext) -> None:
    output.code = code
    if code == 0:
        output.succeed()
    elif code == REBOOT:
        output.status = Status.SUCCESS_AND_REBOOT
    elif code == STOPPED:
        output.status = Status.CANCELLED if run.cancellation.cancelled else Status.TIMED_OUT
    else:
        output.fail(f"failed to run commands: {error}")


def _write_script(path: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, so that nobody else ever may read it
        file.write(text.encode("utf-8", "surrogateescape"))


def _script_folder(step: Step, inputs: Any, run: RunContext) -> Path:
    identifier = member(inputs, "id") if isinstance(inputs, dict) else None
    own = folder_name(identifier) if isinstance(identifier, str) else ""
    return run.orchestration / folder_name(step.name) / own


def _lines(inputs: Any) -> list[str]:
    value = _member(inputs, "runCommand")
    if value is None:
        return []
    if not isinstance(value, list):
        raise _InvalidInputError(_cannot_unmarshal(value, "runCommand", "[]string"))
    for line in value:
        if line is not None and not isinstance(line, str):
            raise _InvalidInputError(_cannot_unmarshal(line, "runCommand", "string"))
    return [line or "" for line in value]


def _environment(inputs: Any) -> dict[str, str]:
    value = _member(inputs, "environment")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _InvalidInputError(_cannot_unmarshal(value, "environment", "map[string]string"))
    for item in value.values():
        if not isinstance(item, str):
            raise _InvalidInputError(_cannot_unmarshal(item, "environment", "string"))
    return value


def _working_folder(inputs: Any, run: RunContext) -> Path | None:
    """Absolute: as it is. Relative: below the downloads of this command when it is there. Else the agent's own."""
    value = _member(inputs, "workingDirectory")
    if value is not None and not isinstance(value, str):
        raise _InvalidInputError(_cannot_unmarshal(value, "workingDirectory", "string"))
    if not value:
        return None
    if Path(value).is_absolute():
        return Path(value)
    relative = run.orchestration / "downloads" / value
    return relative if relative.is_dir() else None


def _timeout_seconds(inputs: Any) -> int:
    """Seconds from a number or its text; 3600 for anything outside 5..172800 or not a number."""
    value = _member(inputs, "timeoutSeconds")
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return _DEFAULT_TIMEOUT
    try:
        seconds = int(float(value))
    except (ValueError, OverflowError):
        return _DEFAULT_TIMEOUT
    return seconds if _MIN_TIMEOUT <= seconds <= _MAX_TIMEOUT else _DEFAULT_TIMEOUT


def _member(inputs: Any, name: str) -> Any:
    if inputs is None:
        return None
    if not isinstance(inputs, dict):
        kind = goformat.type_name(inputs)
        raise _InvalidInputError(f"json: cannot unmarshal {kind} into Go value of type runscript.RunScriptPluginInput")
    return member(inputs, name)


def _cannot_unmarshal(value: Any, name: str, wanted: str) -> str:
    kind = goformat.type_name(value)
    return f"json: cannot unmarshal {kind} into Go struct field RunScriptPluginInput.{name} of type {wanted}"


def _script_environment(run: RunContext, inputs: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, str]:
    """The agent's own environment, less what lets it find itself, then the step's, then what every script is told."""
    environment = dict(run.environment)
    paths = [path for path in environment.pop("PYTHONPATH", "").split(":") if path and Path(path) != _PACKAGE_ROOT]
    release = _release()
    return {
        **environment,
        **({"PYTHONPATH": ":".join(paths)} if paths else {}),
        **inputs,
        "SSM_COMMAND_ID": run.command_id,
        "AWS_SSM_INSTANCE_ID": run.instance_id,
        "AWS_SSM_REGION_NAME": run.region,
        "AWS_SSM_PLATFORM_NAME": release.get("NAME", "Linux"),
        "AWS_SSM_PLATFORM_VERSION": release.get("VERSION_ID", ""),
        **parameters,
    }


def _release() -> Mapping[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}
