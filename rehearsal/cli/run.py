"""`rehearse run`: one runbook, from its start to its end, with everything that it says on the way."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.cli.clients import aws, running_state
from rehearsal.cli.context import settings_option
from rehearsal.cli.narrate import tell_event
from rehearsal.cli.problems import INTERRUPTED, Problem, Rejection
from rehearsal.cli.progress import Progress
from rehearsal.documents.given import FORMS, GivenError, read_parameters
from rehearsal.scenarios.executions import Executions
from rehearsal.scenarios.runs import LONGEST_SECONDS

if TYPE_CHECKING:
    from rehearsal.settings import Settings


@click.command("run")
@click.argument("runbook", metavar="NAME")
@click.option(
    "--parameters",
    "given",
    default="",
    metavar=FORMS,
    help="The runbook's parameters: StackName=shop,Cidrs=10.0.0.0/8,::/0 or a JSON object. A word without = is one "
    "more value of the name before it, as in the AWS CLI. Values with commas or braces in them want JSON.",
)
@settings_option
def run_command(settings: Settings, runbook: str, given: str) -> None:
    """Start one runbook and stream its steps and what hosts write.

    \b
      ./rehearse run NAME --parameters StackName=shop
      ./rehearse run NAME --parameters '{"StackName": "shop", "Cidrs": ["10.0.0.0/16"]}'

    Ctrl-C stops the execution (its onCancel steps still run). The execution's outputs are printed as JSON on standard
    output, everything else goes to standard error.

    Exit codes: 0 Success; 1 it ended otherwise, and why is printed whole, or the cloud did not answer; 2 refused before
    it started (no such runbook, a parameter that is missing or does not fit) or no rehearsal is up; 130 interrupted.
    """  # noqa: D301 - \b is the character that click keeps lines by, so the text may not be raw
    try:
        parameters = read_parameters(given)
    except GivenError as error:
        raise click.BadParameter(str(error), param_hint="--parameters") from error
    executions = Executions(aws(running_state(settings)))
    try:
        execution_id = executions.start(runbook, parameters)
    except (ClientError, ParamValidationError) as error:
        raise Rejection(
            f"{runbook} was not started: {error}", next_step=f"./rehearse plan {runbook} shows its parameters."
        ) from error
    click.echo(f"{runbook}: execution {execution_id}", err=True)
    execution = _follow(executions, execution_id)
    status = execution["AutomationExecutionStatus"]
    click.echo(json.dumps(execution.get("Outputs", {}), indent=2))
    if status != "Success":
        raise Problem(
            f"{runbook} ended {status}\n{executions.explain(execution)}",
            next_step=f"All of it: aws ssm get-automation-execution --automation-execution-id {execution_id}",
        )
    click.echo(f"{runbook} ended {status}", err=True)


def _follow(executions: Any, execution_id: str) -> dict[str, Any]:
    progress = Progress()
    try:
        return dict(
            executions.follow(execution_id, lambda event: tell_event(progress, event), timeout_seconds=LONGEST_SECONDS)
        )
    except TimeoutError as error:
        raise Problem(
            str(error),
            next_step=f"It still runs; aws ssm stop-automation-execution --automation-execution-id {execution_id}",
        ) from error
    except KeyboardInterrupt:
        click.echo(f"stopping {execution_id}; its onCancel steps run now", err=True)
        executions.stop(execution_id)
        ended = executions.follow(execution_id, lambda event: tell_event(progress, event), timeout_seconds=180)
        click.echo(f"it ended {ended['AutomationExecutionStatus']}", err=True)
        sys.exit(INTERRUPTED)
