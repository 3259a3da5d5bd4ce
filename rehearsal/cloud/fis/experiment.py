"""An experiment whose actions are automations and which alarms end.

Source: Fault Injection Service User Guide, "AWS FIS actions reference" (aws:ssm:start-automation-execution) and "Stop
conditions for AWS FIS"; the states are those of the API reference (ExperimentState, ExperimentActionState).
"""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError
from moto.fis.models import Experiment

from rehearsal.cloud.iam.service_roles import RoleNotAssumableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.cloud.services import Services

ACTION = "aws:ssm:start-automation-execution"
HALTED = "Experiment halted by stop condition."
BY_USER = "Experiment stopped by user."
BY_FAILURE = "An action of the experiment failed."
OVER = frozenset({"completed", "stopped", "failed", "cancelled", "skipped"})
# The statuses in which an automation has not ended; what is no longer one of them has.
UNDER_WAY = frozenset({"Pending", "InProgress", "Waiting", "Cancelling"})
DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


class AutomationExperiment(Experiment):
    """moto's experiment, except that its state is what happened and not what time has passed."""

    phase: str
    reason: str
    ending: str
    """Why it is being ended before its actions are done; empty while it is not."""
    executions: dict[str, str]
    """The automation execution of each action that was started."""

    @classmethod
    def of(cls, planned: Experiment) -> AutomationExperiment:
        """Take over what moto has planned."""
        made: Any = cls.__new__(cls)
        vars(made).update(
            vars(planned), phase="initiating", reason="Experiment is initiating.", ending="", executions={}
        )
        own: AutomationExperiment = made
        return own

    @property
    def is_over(self) -> bool:
        """Whether nothing happens in it any more."""
        return self.phase in OVER

    def enter(self, phase: str, reason: str) -> None:
        """Change the state."""
        self.phase, self.reason = phase, reason
        if self.is_over:
            self.end_time = time.time()

    def to_dict(self, tags: dict[str, str] | None = None) -> dict[str, Any]:
        """The API's shape."""
        return {**super().to_dict(tags), "state": {"status": self.phase, "reason": self.reason}}

    def to_summary_dict(self, tags: dict[str, str] | None = None) -> dict[str, Any]:
        """The API's shape in a listing."""
        return {**super().to_summary_dict(tags), "state": {"status": self.phase, "reason": self.reason}}

    def _sync_state(self) -> str:
        return self.phase


class Conductor:
    """Takes one experiment a step further: called about once a second, from one thread."""

    def __init__(self, services: Services, experiment: AutomationExperiment) -> None:
        self._services = services
        self._experiment = experiment
        self._region = experiment.region_name

    def step(self) -> None:
        """Look at alarms and automations, and do what follows."""
        experiment = self._experiment
        if not experiment.ending and self._is_alarm_raised():
            experiment.ending = HALTED
        if experiment.phase == "initiating" and not experiment.ending:
            experiment.enter("running", "Experiment is running.")
        for name, action in self._with_status("running", "stopping"):
            self._follow(name, action)
        if not experiment.ending and any(self._with_status("failed")):
            experiment.ending = BY_FAILURE
        if experiment.ending:
            self._end()
        else:
            self._start_ready()
        if all(action["state"]["status"] in OVER for action in experiment.actions.values()):
            self._finish()

    def _is_alarm_raised(self) -> bool:
        wanted = {stop.get("value") for stop in self._experiment.stop_conditions}
        alarms = self._services.door.backend("cloudwatch", self._region).alarms
        return any(alarm.arn in wanted and alarm.state == "ALARM" for alarm in list(alarms.values()))

    def _with_status(self, *statuses: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, action in self._experiment.actions.items():
            if action["state"]["status"] in statuses:
                yield name, action

    def _start_ready(self) -> None:
        done = {name for name, _ in self._with_status("completed", "skipped")}
        for name, action in self._with_status("pending"):
            if done.issuperset(action.get("startAfter") or ()):
                self._start(name, action)

    def _start(self, name: str, action: dict[str, Any]) -> None:
        action["startTime"] = time.time()
        if self._experiment.experiment_options.get("actionsMode") == "skip-all":
            _enter(action, "skipped", "Action was skipped.")
            return
        given = action.get("parameters") or {}
        request: dict[str, Any] = {"DocumentName": given["documentArn"].rpartition("document/")[2]}
        if given.get("documentVersion"):
            request["DocumentVersion"] = given["documentVersion"]
        if parameters := parameters_of(given):
            request["Parameters"] = parameters  # which must not be empty
        try:
            started = self._ssm().start_automation_execution(**request)
        except (ClientError, ParamValidationError, RoleNotAssumableError) as error:
            _enter(action, "failed", f"Unable to start SSM automation. {error}")
            return
        self._experiment.executions[name] = started["AutomationExecutionId"]
        _enter(action, "running", "Action is running.")

    def _follow(self, name: str, action: dict[str, Any]) -> None:
        try:
            execution = self._ssm().get_automation_execution(AutomationExecutionId=self._experiment.executions[name])
        except (ClientError, RoleNotAssumableError) as error:
            _enter(action, "failed", f"Unable to follow SSM automation. {error}")
            return
        ended = execution["AutomationExecution"]
        status = ended["AutomationExecutionStatus"]
        if status in UNDER_WAY:
            if time.time() - action["startTime"] > seconds(action["parameters"]["maxDuration"]):
                self._stop(name, action, "failed", "Automation exceeded maxDuration.")
        elif status == "Success":
            _enter(action, "completed", "Action was completed.")
        elif action["state"]["status"] == "stopping":
            _enter(action, "stopped", "Action was stopped.")
        else:
            _enter(action, "failed", f"Automation ended as {status}. {ended.get('FailureMessage', '')}".strip())

    def _end(self) -> None:
        self._experiment.enter("stopping", "Experiment is stopping.")
        for name, action in self._with_status("running"):
            self._stop(name, action, "stopping", "Action is stopping.")
        for _, action in self._with_status("pending"):
            _enter(action, "cancelled", "Action was cancelled.")

    def _stop(self, name: str, action: dict[str, Any], status: str, reason: str) -> None:
        try:
            self._ssm().stop_automation_execution(
                AutomationExecutionId=self._experiment.executions[name], Type="Cancel"
            )
        except (ClientError, RoleNotAssumableError) as error:
            status, reason = "failed", f"Unable to stop SSM automation. {error}"
        _enter(action, status, reason)

    def _finish(self) -> None:
        experiment = self._experiment
        if any(self._with_status("failed")):
            experiment.enter("failed", BY_FAILURE)
        elif experiment.ending:
            experiment.enter("stopped", experiment.ending)
        else:
            experiment.enter("completed", "Experiment completed.")

    def _ssm(self) -> Any:
        experiment, roles = self._experiment, self._services.roles
        name = f"fis-{experiment.id}"
        keys = roles.credentials(experiment.role_arn, "fis.amazonaws.com", name, self._region, experiment.arn)
        return roles.client("ssm", self._region, keys)


def parameters_of(given: Mapping[str, str]) -> dict[str, list[str]]:
    """The runbook's parameters, which an action has as the text of a JSON object. Raises ValueError."""
    found = json.loads(given.get("documentParameters") or "{}")
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - as json.loads tells of what it cannot read
    return {
        key: [str(each) for each in value] if isinstance(value, list) else [str(value)] for key, value in found.items()
    }


def seconds(duration: str) -> float:
    """Seconds of a duration in ISO 8601 (`PT15M`); 0 for what is none."""
    found = DURATION.fullmatch(duration)
    hours, minutes, rest = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    return float(3600 * hours + 60 * minutes + rest)


def _enter(action: dict[str, Any], status: str, reason: str) -> None:
    action["state"] = {"status": status, "reason": reason}
    if status in OVER:
        action["endTime"] = time.time()
