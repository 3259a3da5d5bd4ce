"""Executions in other accounts and Regions: `TargetLocations` (reference §5)."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.access import AssumeRoleDeniedError
from rehearsal.automation.errors import ApiError
from rehearsal.automation.fleet import Item
from rehearsal.automation.statuses import ExecutionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.automation.access import AwsAccess, Caller, Session
    from rehearsal.automation.ratecontrol import Child
    from rehearsal.automation.settings import EngineSettings

DEFAULT_ROLE = "AWS-SystemsManager-AutomationExecutionRole"
_FINAL = {status.value: status for status in ExecutionStatus if status.final}


def location_items(session: Session, request: Mapping[str, Any]) -> list[Item]:
    """Return one item for each account and Region that the request means."""
    items: dict[str, Item] = {}
    for location in request["TargetLocations"]:
        if not location.get("Accounts") or not location.get("Regions"):
            raise _refuse("A TargetLocation needs Accounts and Regions.")
        for account in _accounts(session, location):
            for region in location["Regions"]:
                name = f"{account}-{region}"
                shown = {"Accounts": [account], "Regions": [region], "ExecutionRoleName": _role(location)}
                items[name] = Item(name, {}, _child_request(request, location), shown)
    return list(items.values())


def _role(location: Mapping[str, Any]) -> str:
    return str(location.get("ExecutionRoleName") or DEFAULT_ROLE)


def _child_request(request: Mapping[str, Any], location: Mapping[str, Any]) -> dict[str, Any]:
    child = {
        name: request[name]
        for name in ("DocumentName", "DocumentVersion", "Parameters", "TargetParameterName", "Targets", "Tags")
        if request.get(name)
    }
    if location.get("Targets"):  # a location's own targets override the request's
        child["Targets"] = location["Targets"]
    if child.get("Targets"):
        child["MaxConcurrency"] = location.get("TargetsMaxConcurrency") or request.get("MaxConcurrency") or "10"
        child["MaxErrors"] = location.get("TargetsMaxErrors") or request.get("MaxErrors") or "0"
    return child


def _accounts(session: Session, location: Mapping[str, Any]) -> list[str]:
    excluded = set(_expanded(session, location.get("ExcludeAccounts") or [], deep=True))
    deep = bool(location.get("IncludeChildOrganizationUnits"))
    found = _expanded(session, location["Accounts"], deep=deep)
    return list(dict.fromkeys(account for account in found if account not in excluded))


def _expanded(session: Session, entries: list[str], *, deep: bool) -> Iterator[str]:
    for entry in entries:
        if entry.startswith(("ou-", "r-")):
            try:
                yield from _unit(session, entry, deep=deep or entry.startswith("r-"))
            except (ClientError, BotoCoreError) as error:
                raise ApiError("InvalidTarget", f"Organizational unit {entry} cannot be read: {error}") from error
        else:
            yield entry


def _unit(session: Session, unit: str, *, deep: bool) -> Iterator[str]:
    client = session.client("organizations")
    for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=unit):
        yield from (str(account["Id"]) for account in page["Accounts"])
    if deep:
        for page in client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=unit):
            for child in page["OrganizationalUnits"]:
                yield from _unit(session, str(child["Id"]), deep=True)


@dataclass
class RemoteChild:
    """An execution somewhere else, asked after through the API, no more often than `pause`."""

    ssm: Any
    execution_id: str
    pause: float
    _looked: float = 0.0
    _status: ExecutionStatus | None = None

    def poll(self) -> ExecutionStatus | None:
        """Return the final status, or None while it runs; an answer that fails counts as Failed."""
        if self._status is None and time.monotonic() - self._looked >= self.pause:
            self._looked = time.monotonic()
            try:
                answer = self.ssm.get_automation_execution(AutomationExecutionId=self.execution_id)
            except (ClientError, BotoCoreError):
                self._status = ExecutionStatus.FAILED
            else:
                self._status = _FINAL.get(answer["AutomationExecution"]["AutomationExecutionStatus"])
        return self._status

    def stop(self) -> None:
        """Cancel it; one that ended meanwhile refuses, which is as good."""
        try:
            self.ssm.stop_automation_execution(AutomationExecutionId=self.execution_id, Type="Cancel")
        except (ClientError, BotoCoreError):
            return


@dataclass(frozen=True)
class LocationLauncher:
    """Starts an execution in another account and Region, with that account's execution role."""

    aws: AwsAccess
    settings: EngineSettings
    execution_id: str
    caller: Caller

    def __call__(self, item: Item) -> tuple[str, Child]:
        """See `fleet.Launcher`."""
        location = item.location or {}
        account, region = location["Accounts"][0], location["Regions"][0]
        role = f"arn:{self.settings.partition}:iam::{account}:role/{location['ExecutionRoleName']}"
        try:
            ssm = self.aws.session(role, self.execution_id, self.caller).client("ssm", region)
            execution_id = str(ssm.start_automation_execution(**item.request)["AutomationExecutionId"])
        except AssumeRoleDeniedError as error:
            raise _refuse(f"The execution role {role} is unable to be assumed. {error}") from error
        except (ClientError, BotoCoreError) as error:
            raise _refuse(str(error)) from error
        return execution_id, RemoteChild(ssm, execution_id, self.settings.poll_seconds[0])


def _refuse(message: str) -> ApiError:
    return ApiError("InvalidAutomationExecutionParametersException", message)
