"""Listing executions and steps with the API's filters (reference §6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from rehearsal.automation.errors import ApiError

if TYPE_CHECKING:
    from rehearsal.automation.records import ExecutionRecord, StepRecord
    from rehearsal.automation.store import ExecutionStore

_Filter = Mapping[str, Any]


def _targets_group(record: ExecutionRecord, value: str) -> bool:
    return any(target.get("Key") == "ResourceGroup" and value in target.get("Values", []) for target in record.targets)


_EXECUTION_FILTERS: Mapping[str, Callable[[ExecutionRecord, str], bool]] = {
    "DocumentNamePrefix": lambda record, value: record.document_name.startswith(value),
    "ExecutionStatus": lambda record, value: record.status.value == value,
    "ExecutionId": lambda record, value: record.execution_id == value,
    "ParentExecutionId": lambda record, value: record.parent_id == value,
    "CurrentAction": lambda record, value: record.current_action == value,
    "StartTimeBefore": lambda record, value: record.start <= moment(value),
    "StartTimeAfter": lambda record, value: record.start >= moment(value),
    "AutomationType": lambda record, value: record.automation_type == value,
    "TagKey": lambda record, value: any(tag["Key"] == value for tag in record.tags),
    "TargetResourceGroup": _targets_group,
    "AutomationSubtype": lambda _record, _value: False,  # change and access requests only
    "OpsItemId": lambda _record, _value: False,  # started from OpsCenter only
}
_STEP_FILTERS: Mapping[str, Callable[[StepRecord, str], bool]] = {
    "StartTimeBefore": lambda record, value: record.start is not None and record.start <= moment(value),
    "StartTimeAfter": lambda record, value: record.start is not None and record.start >= moment(value),
    "StepExecutionStatus": lambda record, value: record.status.value == value,
    "StepExecutionId": lambda record, value: record.step_execution_id == value,
    "StepName": lambda record, value: record.name == value,
    "Action": lambda record, value: record.action == value,
    "ParentStepExecutionId": lambda record, value: (record.parent or {}).get("StepExecutionId") == value,
    "ParentStepIteration": lambda record, value: str((record.parent or {}).get("Iteration")) == value,
    "ParentStepIteratorValue": lambda record, value: (record.parent or {}).get("IteratorValue") == value,
}


def moment(text: str) -> float:
    """Return an ISO 8601 moment as seconds since 1970. Raises `ApiError` (InvalidFilterValue)."""
    try:
        parsed = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise ApiError(
            "InvalidFilterValue", f"{text} is not an ISO 8601 moment such as 2030-01-01T01:00:00Z."
        ) from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)).timestamp()


def list_executions(store: ExecutionStore, filters: list[_Filter]) -> list[dict[str, Any]]:
    """Return `AutomationExecutionMetadata` shapes, the newest first. Children are listed like their parents."""
    tests = [(_known(_EXECUTION_FILTERS, entry["Key"]), entry["Values"]) for entry in filters]
    parents = [entry["Values"] for entry in filters if entry["Key"] == "ParentExecutionId"]
    parent = parents[0][0] if parents and len(parents[0]) == 1 else None
    return [
        record.metadata()
        for record in store.newest_first(parent_id=parent)
        if all(any(test(record, value) for value in values) for test, values in tests)
    ]


def list_steps(
    store: ExecutionStore, execution_id: str, filters: list[_Filter], *, reverse: bool
) -> list[dict[str, Any]]:
    """Return `StepExecution` shapes in the order of their start, those inside loops too. Steps that wait come last."""
    if store.find(execution_id) is None:
        raise ApiError(
            "AutomationExecutionNotFoundException", f"Automation execution with id {execution_id} does not exist."
        )
    tests = [(_known(_STEP_FILTERS, entry["Key"]), entry["Values"]) for entry in filters]
    found = [
        record
        for record in store.steps(execution_id)
        if all(any(test(record, value) for value in values) for test, values in tests)
    ]
    found.sort(key=lambda record: (record.start is None, record.start or 0, record.position), reverse=reverse)
    return [record.wire() for record in found]


def _known(filters: Mapping[str, Any], key: str) -> Any:
    if key not in filters:
        raise ApiError("InvalidFilterKey", f"{key} is not a filter key ({', '.join(filters)}).")
    return filters[key]
