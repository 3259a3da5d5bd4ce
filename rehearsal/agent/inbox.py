"""What comes from GetMessages: acknowledged, kept on disk, and handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.agent.delivery import FAILURES
from rehearsal.agent.log import log
from rehearsal.agent.messages import Cancel, Command, MessageError, document_reply, parse_message
from rehearsal.agent.results import Status
from rehearsal.agent.store import Stage, Store, new_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.agent.aws import HostAccess
    from rehearsal.agent.commands import CommandRunner


class Inbox:
    """Takes each message once, however often the service delivers it."""

    def __init__(
        self,
        store: Store,
        aws: HostAccess,
        *,
        instance_id: str,
        region: str,
        agent_version: str,
        submit: Callable[[str], None],
        runner: CommandRunner,
    ) -> None:
        self._store = store
        self._aws = aws
        self._instance_id = instance_id
        self._region = region
        self._agent_version = agent_version
        self._submit = submit
        self._runner = runner

    def take(self, message: Mapping[str, Any]) -> None:
        """Raises what the calls raise; a message that was not acknowledged then comes again."""
        try:
            parsed = parse_message(message, self._instance_id)
        except MessageError as error:
            log(f"message not understood: {error}")
            if isinstance(message.get("MessageId"), str):
                self._aws.fail_message(message["MessageId"])
            return
        if isinstance(parsed, Cancel):
            self._take_cancel(parsed)
        else:
            self._take_command(parsed)

    def _take_cancel(self, cancel: Cancel) -> None:
        self._aws.acknowledge_message(cancel.message_id)
        found = self._runner.cancel(cancel.command_id)
        log(f"{cancel.command_id} " + ("is being cancelled" if found else "cannot be cancelled: it has ended"))
        self._aws.delete_message(cancel.message_id)

    def _take_command(self, command: Command) -> None:
        stage = self._store.stage_of(command.command_id)
        if stage is not None:
            self._aws.acknowledge_message(command.message_id)
            if stage in {Stage.COMPLETED, Stage.CORRUPT}:
                self._aws.delete_message(command.message_id)
            return
        # On disk before it is acknowledged: whatever ends the agent now, the command is not lost.
        try:
            self._store.save(new_state(command, self._instance_id, self._region), Stage.PENDING)
        except OSError as error:
            self._refuse(command, f"the agent cannot keep the command: {error}")
            return
        log(f"{command.command_id}: {command.document_name} is taken")
        try:
            self._aws.acknowledge_message(command.message_id)
            self._aws.send_reply(command.message_id, document_reply(Status.IN_PROGRESS, "", self._agent_version))
        except FAILURES as error:
            # Whether the service has it is not known. If it has not, the message comes again, and is known then.
            log(f"{command.command_id}: acknowledgement: {error}")
        self._submit(command.command_id)

    def _refuse(self, command: Command, reason: str) -> None:
        log(f"{command.command_id}: {reason}")
        self._aws.acknowledge_message(command.message_id)
        self._aws.send_reply(command.message_id, document_reply(Status.FAILED, reason, self._agent_version))
        self._aws.delete_message(command.message_id)
