"""Run Command: sends commands to hosts, keeps to the rate control, takes the agents' replies, times out."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.ssm import parameters, targets
from rehearsal.cloud.ssm.commands import TERMINAL, Command, Details, Invocation, PluginResult, Status, share, steps_of
from rehearsal.cloud.ssm.exceptions import SsmError, validation_error
from rehearsal.cloud.ssm.outputs import check_outputs
from rehearsal.cloud.ssm.replies import apply_reply
from rehearsal.cloud.ssm.timeouts import execution_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.ssm.documents import DocumentVersion
    from rehearsal.cloud.ssm.models import SsmBackend

DEFAULT_DELIVERY_SECONDS = 3600
DEFAULT_CONCURRENCY = 50
DEFAULT_ERRORS = 0
MAX_KEPT = 1_000


class CommandService:
    """The commands of one account and Region. Its methods are safe from any thread."""

    def __init__(self, backend: SsmBackend) -> None:
        self._backend = backend
        self._lock = backend.lock
        self._commands: dict[str, Command] = {}
        self._active: set[str] = set()
        self._listeners: list[Callable[[Command], None]] = []

    def on_change(self, listener: Callable[[Command], None]) -> None:
        """Call `listener` whenever something of a command may have changed."""
        self._listeners.append(listener)

    def send(self, request: dict[str, Any], to: list[str] | None = None) -> Command:
        """SendCommand; `request` has botocore's input names. `to` names the nodes where they are known already."""
        document = self._backend.documents.resolve(request["DocumentName"], request.get("DocumentVersion"))
        _check_document(document, request)
        typed = parameters.typed(document.parameters, request.get("Parameters") or {})
        instance_ids = self._instances(request) if to is None else to
        self._check_platforms(document, request, instance_ids)
        check_outputs(self._backend, request)
        command = Command(
            request=request,
            document_name=document.name,
            document_version=document.document_version,
            content=document.content_json,
            typed=typed,
            delivery_seconds=int(request.get("TimeoutSeconds") or DEFAULT_DELIVERY_SECONDS),
            execution_seconds=execution_seconds(document.content_json, typed),
            max_concurrency=share(request.get("MaxConcurrency"), DEFAULT_CONCURRENCY, len(instance_ids), at_least=1),
            max_errors=share(request.get("MaxErrors"), DEFAULT_ERRORS, len(instance_ids), at_least=0),
        )
        for instance_id in instance_ids:
            command.invocations[instance_id] = self._invocation(command, instance_id)
        with self._lock:
            self._commands[command.command_id] = command
            self._active.add(command.command_id)
            self._forget_oldest()
        self._advance(command)
        return command

    def cancel(self, command_id: str, instance_ids: list[str]) -> None:
        """CancelCommand: what no host has taken up ends now, what runs is asked to end."""
        command = self.command(command_id)
        if len(set(instance_ids)) != len(instance_ids):
            raise SsmError("DuplicateInstanceId", "You can't specify an instance ID more than once.")
        for instance_id in instance_ids:
            if instance_id not in command.invocations:
                raise SsmError("InvalidInstanceId", f"Command {command_id} was not sent to {instance_id}.")
        with self._lock:
            if not command.is_terminal and not instance_ids:
                command.cancelling = True
            for instance_id in instance_ids or list(command.invocations):
                self._cancel_on(command.invocations[instance_id])
        self._advance(command)

    def command(self, command_id: str) -> Command:
        """Return a command. Raises InvalidCommandId."""
        found = self._commands.get(command_id)
        if found is None:
            raise SsmError("InvalidCommandId", f"Command {command_id} does not exist.")
        return found

    def newest_first(self) -> list[Command]:
        """Return all commands."""
        return list(reversed(list(self._commands.values())))

    def acknowledge(self, message_id: str) -> None:
        """The host has taken the command up: it runs."""
        command, invocation = self._of_message(message_id)
        self._backend.mailboxes.remove(message_id)
        if command is None or invocation is None:
            return
        with self._lock:
            if invocation.status is Status.PENDING:
                invocation.status, invocation.details = Status.IN_PROGRESS, Status.IN_PROGRESS
            elif invocation.status is Status.CANCELLED and invocation.acknowledged is None:
                self._post_cancellation(invocation)  # it was cancelled while the host had it in hand already
            invocation.acknowledged = invocation.acknowledged or datetime.now(UTC)
        self._tell(command)

    def reply(self, message_id: str, reply_id: str, payload: dict[str, Any]) -> None:
        """Take an agent's reply about a command; a repeated one changes nothing."""
        command, invocation = self._of_message(message_id)
        if command is None or invocation is None:
            return
        with self._lock:
            if invocation.is_terminal or (reply_id and reply_id in invocation.seen_replies):
                return
            invocation.seen_replies.add(reply_id)
            invocation.acknowledged = invocation.acknowledged or datetime.now(UTC)
            apply_reply(invocation, payload, command.request.get("OutputS3Region") or self._backend.region_name)
        self._advance(command)

    def fail(self, message_id: str, failure: str) -> None:
        """The agent could not handle the message at all."""
        command, invocation = self._of_message(message_id)
        self._backend.mailboxes.remove(message_id)
        if command is None or invocation is None:
            return
        with self._lock:
            if not invocation.is_terminal:
                invocation.trace = f"The agent could not process the message: {failure}"
                invocation.end(Status.FAILED)
        self._advance(command)

    def sweep(self) -> None:
        """End what has waited too long, and go on with the rest. Called regularly."""
        now = datetime.now(UTC)
        for command in self._running():
            with self._lock:
                for invocation in command.invocations.values():
                    self._time_out(command, invocation, now)
            self._advance(command)

    def _running(self) -> list[Command]:
        with self._lock:
            return [self._commands[command_id] for command_id in self._active]

    def _instances(self, request: dict[str, Any]) -> list[str]:
        backend = self._backend
        instance_ids, wanted = request.get("InstanceIds") or [], request.get("Targets") or []
        if bool(instance_ids) == bool(wanted):
            raise validation_error("Specify either InstanceIds or Targets, and not both.")
        if instance_ids:
            return targets.named(instance_ids, backend.nodes, backend.machines, backend.account_id)
        targets.check(wanted, "ValidationException")
        return targets.matching(wanted, backend.nodes)

    def _check_platforms(self, document: DocumentVersion, request: dict[str, Any], instance_ids: list[str]) -> None:
        if not request.get("InstanceIds"):
            return
        for instance_id in instance_ids:
            node = self._backend.nodes.get(instance_id)
            platform = node.reported.get("PlatformType") if node else None
            if platform and platform not in document.platform_types:
                raise SsmError(
                    "UnsupportedPlatformType", f"{document.name} does not run on {platform} ({instance_id})."
                )

    def _invocation(self, command: Command, instance_id: str) -> Invocation:
        plugins = {name: PluginResult(name, action) for name, action in steps_of(command.content).items()}
        name = self._backend.machines.tags(instance_id).get("Name", "")
        return Invocation(
            instance_id, name, plugins, command.requested, message_id=f"aws.ssm.{command.command_id}.{instance_id}"
        )

    def _advance(self, command: Command) -> None:
        """Send to the next hosts as far as MaxConcurrency allows; stop when MaxErrors is exceeded."""
        with self._lock:
            waiting = [i for i in command.invocations.values() if not i.sent and not i.is_terminal]
            if waiting and command.errors > command.max_errors:
                for invocation in waiting:
                    invocation.end(Status.CANCELLED, Details.TERMINATED)
                waiting = []
            running = sum(i.sent and not i.is_terminal for i in command.invocations.values())
            for invocation in waiting[: max(0, command.max_concurrency - running)]:
                self._send_to(command, invocation)
            if command.is_terminal:
                self._active.discard(command.command_id)
        self._tell(command)

    def _tell(self, command: Command) -> None:
        for listener in self._listeners:
            listener(command)

    def _send_to(self, command: Command, invocation: Invocation) -> None:
        invocation.sent = True
        if not self._backend.machines_reachable(invocation.instance_id):
            invocation.end(Status.FAILED, Details.UNDELIVERABLE)
            return
        topic = f"aws.ssm.sendCommand.{self._backend.region_name.replace('-', '.')}"
        posted = self._backend.mailboxes.post(
            invocation.message_id, topic, invocation.instance_id, json.dumps(_payload(command))
        )
        if not posted:
            invocation.end(Status.FAILED, Details.UNDELIVERABLE)

    def _cancel_on(self, invocation: Invocation) -> None:
        if invocation.is_terminal:
            return
        self._backend.mailboxes.remove(invocation.message_id)
        if invocation.acknowledged is None:
            invocation.end(Status.CANCELLED)
            return
        invocation.status = Status.CANCELLING
        invocation.details = Status.CANCELLING
        self._post_cancellation(invocation)

    def _post_cancellation(self, invocation: Invocation) -> None:
        self._backend.mailboxes.post(
            f"aws.ssm.{uuid.uuid4()}.{invocation.instance_id}",
            f"aws.ssm.cancelCommand.{self._backend.region_name.replace('-', '.')}",
            invocation.instance_id,
            json.dumps({"CancelMessageId": invocation.message_id}),
        )

    def _time_out(self, command: Command, invocation: Invocation, now: datetime) -> None:
        if invocation.is_terminal:
            return
        if invocation.acknowledged is None:
            late = now > command.expires
        else:
            allowed = timedelta(seconds=command.delivery_seconds + command.execution_seconds)
            late = now > invocation.acknowledged + allowed
        if late:
            self._backend.mailboxes.remove(invocation.message_id)
            invocation.end(Status.TIMED_OUT, Details.DELIVERY_TIMED_OUT)
        elif invocation.sent and self._backend.nodes.get(invocation.instance_id) is None:
            self._backend.mailboxes.remove(invocation.message_id)
            invocation.end(Status.FAILED, Details.UNDELIVERABLE)

    def _of_message(self, message_id: str) -> tuple[Command | None, Invocation | None]:
        parts = message_id.split(".")
        command = self._commands.get(parts[2]) if len(parts) == 4 else None  # noqa: PLR2004 - aws.ssm.<command>.<host>
        return command, command.invocations.get(parts[3]) if command else None

    def _forget_oldest(self) -> None:
        for command_id in list(self._commands)[: max(0, len(self._commands) - MAX_KEPT)]:
            if command_id not in self._active:
                del self._commands[command_id]


def _payload(command: Command) -> dict[str, Any]:
    """What the agent gets (reference, command documents §4)."""
    logs = command.request.get("CloudWatchOutputConfig") or {}
    return {
        "Parameters": command.typed,
        "DocumentContent": command.content,
        "CommandId": command.command_id,
        "DocumentName": command.document_name,
        "OutputS3KeyPrefix": command.request.get("OutputS3KeyPrefix", ""),
        "OutputS3BucketName": command.request.get("OutputS3BucketName", ""),
        "CloudWatchLogGroupName": logs.get("CloudWatchLogGroupName", ""),
        "CloudWatchOutputEnabled": "true" if logs.get("CloudWatchOutputEnabled") else "false",
    }


def _check_document(document: DocumentVersion, request: dict[str, Any]) -> None:
    if document.document_type != "Command":
        raise SsmError(
            "InvalidDocument", f"Document {document.name} has the type {document.document_type}, not Command."
        )
    if wanted := request.get("DocumentHash"):
        algorithm = "sha1" if request.get("DocumentHashType") == "Sha1" else "sha256"
        if hashlib.new(algorithm, document.content.encode()).hexdigest() != wanted:
            raise SsmError("InvalidDocument", "The document's hash is not the one that the request expects.")


def is_over(status: str) -> bool:
    """Whether a status that the API shows is a final one."""
    return status in TERMINAL
