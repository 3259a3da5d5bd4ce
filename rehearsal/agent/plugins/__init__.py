"""The actions of Command documents: which exist, and which this agent carries out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.agent.plugins.script import run_powershell_script, run_shell_script
from rehearsal.agent.plugins.unavailable import unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.agent.content import Step
    from rehearsal.agent.output import StepOutput
    from rehearsal.agent.run_context import RunContext

    Plugin = Callable[[Step, Any, StepOutput, RunContext], None]

# Windows has these; on Linux their steps are skipped.
_WINDOWS_ONLY = frozenset(
    {"aws:applications", "aws:cloudWatch", "aws:configureDaemon", "aws:psModule", "aws:updateAgent"}
)


def _download_content(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:
    from rehearsal.agent.plugins.download import download_content  # noqa: PLC0415 - few documents need it

    download_content(step, inputs, output, run)


def _run_document(step: Step, inputs: Any, output: StepOutput, run: RunContext) -> None:
    from rehearsal.agent.plugins.rundocument import run_document  # noqa: PLC0415 - it runs steps itself

    run_document(step, inputs, output, run)


PLUGINS: Mapping[str, Plugin] = {
    "aws:runShellScript": run_shell_script,
    "aws:runPowerShellScript": run_powershell_script,
    "aws:downloadContent": _download_content,
    "aws:runDocument": _run_document,
    "aws:configureDocker": unavailable,
    "aws:configurePackage": unavailable,
    "aws:domainJoin": unavailable,
    "aws:refreshAssociation": unavailable,
    "aws:runDockerAction": unavailable,
    "aws:softwareInventory": unavailable,
    "aws:updateSsmAgent": unavailable,
}
KNOWN_ACTIONS = frozenset(PLUGINS) | _WINDOWS_ONLY
