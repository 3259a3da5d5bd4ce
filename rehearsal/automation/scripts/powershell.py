"""PowerShell scripts, where `pwsh` is installed. What the script returns becomes JSON in PowerShell itself."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.scripts.pool import ScriptResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.action import StepContext

_STAGE = "Poll action status for completion"
# Write-Error has to fail the step, as throw does.
_WRAPPER = """$ErrorActionPreference = 'Stop'
$result = & (Join-Path $PSScriptRoot 'customer_script.ps1')
ConvertTo-Json -InputObject $result -Compress -Depth 50 | Set-Content -NoNewline (Join-Path $PSScriptRoot 'result.json')
"""


def run(context: StepContext, environment: Mapping[str, str]) -> ScriptResult:
    """Run the step's script. Raises `StepFailedError` where PowerShell is not installed."""
    script = context.inputs.get("Script")
    if context.inputs.get("Handler"):
        raise InvalidInputError("Input Handler of aws:executeScript is not supported for PowerShell")
    if not script:
        raise InvalidInputError("Input Script of aws:executeScript is required for PowerShell")
    program = shutil.which("pwsh")
    if program is None:
        raise StepFailedError(
            "PowerShell is not installed where this endpoint runs: install pwsh, or use a Python runtime", stage=_STAGE
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "customer_script.ps1").write_text(str(script), encoding="utf-8")
        (folder / "main.ps1").write_text(_WRAPPER, encoding="utf-8")
        payload = json.dumps(context.inputs.get("InputPayload") or {})
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": name, "InputPayload": payload}
        process = subprocess.Popen(
            [program, "-NoLogo", "-NoProfile", "-NonInteractive", "-File", str(folder / "main.ps1")],
            cwd=folder,
            env=own | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            log = context.call(process.communicate, _STAGE)[0].decode(errors="replace")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=10)
        if process.returncode:
            return ScriptResult(None, log.strip() or f"pwsh ended with exit code {process.returncode}", log)
        result = folder / "result.json"
        return ScriptResult(result.read_text(encoding="utf-8-sig") if result.exists() else "null", None, log)
