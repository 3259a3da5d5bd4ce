"""Run Command on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.ssm.command_views import command_view, invocation_view, plugin_result
from rehearsal.cloud.ssm.exceptions import SsmError
from rehearsal.cloud.ssm.node_filters import filtered
from rehearsal.cloud.ssm.paging import page
from rehearsal.cloud.ssm.request import SsmRequest

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.commands import Command, Invocation, PluginResult

INVOCATION_FILTERS = frozenset({"InvokedAfter", "InvokedBefore", "Status", "DocumentName"})
_STAGES = {"Executing": False, "Complete": True}


class CommandResponses(SsmRequest):
    """SendCommand … GetCommandInvocation, DescribeInstanceInformation, and hybrid activations."""

    def send_command(self) -> ActionResult:
        return ActionResult({"Command": command_view(self.backend.commands.send(self.input))})

    def cancel_command(self) -> ActionResult:
        self.backend.commands.cancel(self.input["CommandId"], self.input.get("InstanceIds") or [])
        return EmptyResult()

    def list_commands(self) -> ActionResult:
        request = self.input
        instance_id = request.get("InstanceId")
        found = [
            command
            for command in self._wanted_commands(request)
            if (not instance_id or instance_id in command.invocations) and _passes(command, None, request)
        ]
        shown, token = page(found, request)
        return ActionResult({"Commands": [command_view(command) for command in shown], "NextToken": token})

    def list_command_invocations(self) -> ActionResult:
        request = self.input
        for entry in request.get("Filters") or []:
            if entry["key"] not in INVOCATION_FILTERS:
                raise SsmError("InvalidFilterKey", f"The specified key {entry['key']} isn't valid.")
        found = [
            (command, invocation)
            for command in self._wanted_commands(request)
            for invocation in command.invocations.values()
            if request.get("InstanceId") in {None, invocation.instance_id} and _passes(command, invocation, request)
        ]
        shown, token = page(found, request)
        views = [invocation_view(*entry, details=bool(request.get("Details"))) for entry in shown]
        return ActionResult({"CommandInvocations": views, "NextToken": token})

    def get_command_invocation(self) -> ActionResult:
        request = self.input
        command = self.backend.commands.command(request["CommandId"])
        invocation = command.invocations.get(request["InstanceId"])
        if invocation is None:
            raise SsmError(
                "InvocationDoesNotExist",
                "The command ID and managed node ID you specified didn't match any invocations. "
                "Verify the command ID and the managed node ID and try again.",
            )
        plugin = _plugin(invocation, request.get("PluginName"))
        return ActionResult(plugin_result(command, invocation, plugin))

    def describe_instance_information(self) -> ActionResult:
        shown, token = page(filtered(self.backend.nodes, self.input), self.input, default_size=10)
        return ActionResult({"InstanceInformationList": shown, "NextToken": token})

    def create_activation(self) -> ActionResult:
        made = self.backend.activations.create(self.input)
        return ActionResult({"ActivationId": made.activation_id, "ActivationCode": made.code})

    def describe_activations(self) -> ActionResult:
        request = self.input
        members = {"ActivationIds": "ActivationId", "DefaultInstanceName": "DefaultInstanceName", "IamRole": "IamRole"}
        views = [activation.view() for activation in self.backend.activations.all()]
        for entry in request.get("Filters") or []:
            if entry.get("FilterKey") not in members:
                raise SsmError("InvalidFilter", "The filter has no key.")
            views = [v for v in views if v.get(members[entry["FilterKey"]]) in (entry.get("FilterValues") or [])]
        shown, token = page(views, request)
        return ActionResult({"ActivationList": shown, "NextToken": token})

    def delete_activation(self) -> ActionResult:
        self.backend.activations.delete(self.input["ActivationId"])
        return EmptyResult()

    def deregister_managed_instance(self) -> ActionResult:
        self.backend.activations.deregister(self.input["InstanceId"])
        return EmptyResult()

    def _wanted_commands(self, request: dict[str, Any]) -> list[Command]:
        if command_id := request.get("CommandId"):
            return [self.backend.commands.command(command_id)]
        return self.backend.commands.newest_first()


def _plugin(invocation: Invocation, name: str | None) -> PluginResult:
    plugins = invocation.plugins
    if name is None and len(plugins) == 1:
        return next(iter(plugins.values()))
    if name is None:
        raise SsmError(
            "InvalidPluginName",
            f"The document has several steps; name one of {', '.join(plugins)} as PluginName.",
        )
    if name not in plugins:
        raise SsmError("InvalidPluginName", f"The plugin name {name} isn't valid.")
    return plugins[name]


def _passes(command: Command, invocation: Invocation | None, request: dict[str, Any]) -> bool:
    return all(_matches(command, invocation, entry["key"], entry["value"]) for entry in request.get("Filters") or [])


def _matches(command: Command, invocation: Invocation | None, key: str, value: str) -> bool:
    match key:
        case "InvokedAfter":
            return command.requested >= _moment(value)
        case "InvokedBefore":
            return command.requested <= _moment(value)
        case "DocumentName":
            return command.document_name == value
        case "ExecutionStage":
            return command.is_terminal is _STAGES.get(value)
    status, details = (invocation.status, invocation.details) if invocation else command.state
    return value.replace(" ", "") in {str(status), str(details)}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SsmError("InvalidFilterKey", f"{text[:64]} is not a time such as 2026-07-07T00:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
