"""An EC2 instance whose transitions end when its machine's do.

States and their codes: EC2 User Guide, "Amazon EC2 instance state changes". moto's own instance jumps from one settled
state to the next.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import Instance, InstanceState, StateReason

if TYPE_CHECKING:
    from rehearsal.cloud.inventory import HostState

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


class IncorrectInstanceState(EC2ClientError):  # noqa: N818 - EC2's own name of the error
    """The instance is in a state from which the request makes no sense."""

    def __init__(self, instance_id: str, purpose: str) -> None:
        super().__init__(
            "IncorrectInstanceState",
            f"The instance '{instance_id}' is not in a state from which it can be {purpose}.",
        )


class HostedInstance(Instance):
    """An instance that waits for reports of its machine.

    moto constructs its instances itself, so the backend turns them into this class afterwards; the attributes below are
    therefore defaults of the class.
    """

    boot = 0
    settled = False  # whether the machine has reported since the last start or reboot
    impairment = ""

    @property
    def instance_id(self) -> str:
        """The identifier again: moto looks for it under a name made of the class's, which is another one here."""
        return str(self.id)

    def enter(self, state: str, *, reason: StateReason | None = None) -> None:
        """Move to `state`; with a reason, show it as the user's or the service's doing."""
        self._state = InstanceState(state, CODES[state])
        self.state_reason = reason or StateReason()
        self._reason = f"User initiated ({utcnow():%Y-%m-%d %H:%M:%S} GMT)" if reason else ""

    def start(self) -> InstanceState:
        """Begin to start a stopped instance; one that runs or starts already stays as it is."""
        previous = copy.copy(self._state)
        if self.state in ("pending", "running"):
            return previous
        if self.state != "stopped":
            raise IncorrectInstanceState(self.id, "started")
        self.launch_time = utcnow()
        self.begin_boot()
        return previous

    def begin_boot(self) -> None:
        """Wait for the machine to run, with the public address that it is to have."""
        self.settled = False
        self.impairment = ""
        self.enter("pending")
        self.ec2_backend.assign_public_address(self)
        self._complete_if_instant("running")

    def stop(self) -> InstanceState:
        """Begin to stop; an instance that stops already or is stopped stays as it is."""
        previous = copy.copy(self._state)
        if self.state in ("stopping", "stopped"):
            return previous
        if self.state not in ("pending", "running"):
            raise IncorrectInstanceState(self.id, "stopped")
        self.enter("stopping", reason=_user_initiated())
        self._complete_if_instant("stopped")
        return previous

    def terminate(self) -> InstanceState:
        """Begin to terminate; a terminated instance stays as it is."""
        previous = copy.copy(self._state)
        if self.state in ("shutting-down", "terminated"):
            return previous
        self.enter("shutting-down", reason=_user_initiated())
        self._complete_if_instant("terminated")
        return previous

    def reboot(self) -> None:
        """Ask for a reboot; EC2 shows the instance as running all the while, its status checks as initializing."""
        if self.state not in ("pending", "running"):
            raise IncorrectInstanceState(self.id, "rebooted")
        self.boot += 1
        self.settled = self.ec2_backend.instant_hosts

    def _complete_if_instant(self, outcome: HostState) -> None:
        if self.ec2_backend.instant_hosts:
            self.report(outcome, "")

    def report(self, outcome: HostState, detail: str) -> None:
        """Take the machine's word: complete the transition that waits for it."""
        if outcome == "impaired":
            self.impairment = detail or "The machine did not answer."
        elif outcome == "running" and self.state in ("pending", "running"):
            self.settled, self.impairment = True, ""
            if self.state == "pending":
                self.enter("running")
        elif outcome == "stopped" and self.state == "stopping":
            self._release_automatic_address()
            self.enter("stopped", reason=_user_initiated())
        elif outcome == "stopped" and self.state == "running" and self.settled:
            self._shut_down_from_inside()
        elif outcome == "terminated" and self.state not in ("terminated", "stopped"):
            self._end(detail)

    def _shut_down_from_inside(self) -> None:
        """Follow a shutdown that the machine did by itself, as InstanceInitiatedShutdownBehavior says."""
        reason = StateReason("Client.InstanceInitiatedShutdown: Instance initiated shutdown")
        reason.code = "Client.InstanceInitiatedShutdown"
        if self.instance_initiated_shutdown_behavior == "terminate":
            self.enter("shutting-down", reason=reason)
            return
        self._release_automatic_address()
        self.enter("stopped", reason=reason)

    def _release_automatic_address(self) -> None:
        for interface in self.nics.values():
            interface.stop()

    def _end(self, detail: str) -> None:
        reason = self.state_reason
        if self.state != "shutting-down":
            reason = StateReason(f"Server.InternalError: {detail}", "Server.InternalError")
        self.ec2_backend.release_addresses(self)
        super().terminate()
        self.enter("terminated", reason=reason)

    def _checks(self) -> dict[str, Any]:
        if self.impairment:
            return _checked("impaired", "failed")
        if self.state != "running":
            return {"Status": "not-applicable"}
        return _checked("ok", "passed") if self.settled else _checked("initializing", "initializing")

    @property
    def instance_status(self) -> dict[str, Any]:
        """Return the instance's own status check, as DescribeInstanceStatus shows it."""
        return self._checks()

    @property
    def system_status(self) -> dict[str, Any]:
        """Return the check of the hardware below, which a rehearsal never breaks."""
        return {"Status": "not-applicable"} if self.state != "running" else _checked("ok", "passed")


def _checked(status: str, reachability: str) -> dict[str, Any]:
    return {"Status": status, "Details": [{"Name": "reachability", "Status": reachability}]}


def _user_initiated() -> StateReason:
    return StateReason("Client.UserInitiatedShutdown: User initiated shutdown", "Client.UserInitiatedShutdown")
