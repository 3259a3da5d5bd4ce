"""`aws:runCommand`: run a Command document on hosts and wait for it (reference §3.19)."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.action import (
    ANYTHING,
    LIST,
    MAP,
    NUMBER,
    TEXT,
    Action,
    Input,
    StepContext,
    StepResult,
    number,
)
from rehearsal.automation.actions._aws import error_code, failure_of, request
from rehearsal.automation.encoding import encode_outputs, texts_of
from rehearsal.automation.errors import InvalidInputError, StepCancelledError, StepFailedError, StepTimedOutError
from rehearsal.automation.statuses import FailureStage, Impact

if TYPE_CHECKING:
    from collections.abc import Mapping

_POLL = "verifying the command has completed"
_VERIFY = "verifying the SSM Agent availability on the target instance(s)"
_RUNNING = frozenset({"Pending", "InProgress", "Cancelling"})


def run(context: StepContext) -> StepResult:
    """Send the command once the agents answer, and poll until it ended."""
    parameters = command_request(context.inputs)
    if parameters.get("InstanceIds"):
        _verify_agents(context, parameters["InstanceIds"])
    command_id = str(request(context, "ssm", "send_command", **parameters)["Command"]["CommandId"])
    context.show_outputs({"CommandId": command_id})
    try:
        status = _poll(context, command_id)
    except StepCancelledError:
        with contextlib.suppress(ClientError, BotoCoreError):
            context.client("ssm").cancel_command(CommandId=command_id)
        raise
    outputs = _outputs(context, command_id, status)
    if status != "Success":
        raise StepFailedError(
            f"Command {command_id} returns unexpected invocation result: \n{{{_shown(outputs)}}}",
            stage=_POLL,
            failure_stage=FailureStage.POST_VERIFICATION,
            outputs=outputs,
        )
    return StepResult(outputs=outputs, payload=outputs)


def command_request(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the SendCommand request of a step. Raises `InvalidInputError`."""
    if bool(inputs.get("InstanceIds")) == bool(inputs.get("Targets")):
        raise InvalidInputError("aws:runCommand takes either InstanceIds or Targets")
    request_of = {name: value for name, value in inputs.items() if value not in (None, "", [], {})}
    if isinstance(request_of.get("InstanceIds"), str):
        request_of["InstanceIds"] = [request_of["InstanceIds"]]
    if "TimeoutSeconds" in request_of:
        request_of["TimeoutSeconds"] = number(request_of["TimeoutSeconds"], "TimeoutSeconds")
    if "Parameters" in request_of:
        request_of["Parameters"] = {name: texts_of(value) for name, value in request_of["Parameters"].items()}
    return request_of


def _verify_agents(context: StepContext, instance_ids: list[str]) -> None:
    """Wait until the agent on every host is Online."""
    silent = set(instance_ids)
    filters = [{"Key": "InstanceIds", "Values": sorted(silent)}]
    try:
        for _ in context.pauses(_VERIFY):
            found = request(context, "ssm", "describe_instance_information", Filters=filters)["InstanceInformationList"]
            silent = set(instance_ids) - {entry["InstanceId"] for entry in found if entry.get("PingStatus") == "Online"}
            if not silent:
                return
    except StepTimedOutError as error:
        raise StepTimedOutError(
            _VERIFY, f"SSM Agent on Instances: [{', '.join(sorted(silent))}] are not functioning"
        ) from error


def _poll(context: StepContext, command_id: str) -> str:
    for _ in context.pauses(_POLL):
        try:
            commands = context.client("ssm").list_commands(CommandId=command_id)["Commands"]
        except ClientError as error:
            if error_code(error) == "InvalidCommandId":  # not there yet: the API is eventually consistent
                continue
            raise failure_of(error) from error
        except BotoCoreError as error:
            raise failure_of(error) from error
        status = str(commands[0]["Status"]) if commands else "Pending"
        if status not in _RUNNING:
            return status
    return "Pending"


def _outputs(context: StepContext, command_id: str, status: str) -> dict[str, Any]:
    """Return Status, ResponseCode, Output, CommandId as far as one invocation tells them."""
    answer = request(context, "ssm", "list_command_invocations", CommandId=command_id, Details=True)
    invocations = answer["CommandInvocations"]
    outputs: dict[str, Any] = {"Status": status}
    if len(invocations) == 1 and not context.inputs.get("Targets"):
        plugins = invocations[0].get("CommandPlugins", [])
        if len(plugins) == 1:
            outputs["ResponseCode"] = plugins[0].get("ResponseCode", -1)
        outputs["Output"] = "\n".join(plugin["Output"] for plugin in plugins if plugin.get("Output"))
    outputs["CommandId"] = command_id
    return outputs


def _shown(outputs: Mapping[str, Any]) -> str:
    encoded = encode_outputs(outputs, outputs)
    encoded["CommandId"] = encoded.pop("CommandId")  # the service names it last
    return ", ".join(f"{name}=[{', '.join(texts)}]" for name, texts in encoded.items())


ACTION = Action(
    name="aws:runCommand",
    run=run,
    impact=Impact.UNDETERMINED,
    inputs={
        "DocumentName": Input(TEXT, required=True),
        "DocumentVersion": Input(TEXT),
        "InstanceIds": Input((list, str)),
        "Targets": Input(LIST),
        "Parameters": Input(MAP),
        "TimeoutSeconds": Input(NUMBER),
        "Comment": Input(TEXT),
        "CloudWatchOutputConfig": Input(MAP),
        "DocumentHash": Input(TEXT),
        "DocumentHashType": Input(TEXT),
        "MaxConcurrency": Input(TEXT),
        "MaxErrors": Input(TEXT),
        "NotificationConfig": Input(ANYTHING),
        "OutputS3BucketName": Input(TEXT),
        "OutputS3KeyPrefix": Input(TEXT),
        "OutputS3Region": Input(TEXT),
        "ServiceRoleArn": Input(TEXT),
    },
)
