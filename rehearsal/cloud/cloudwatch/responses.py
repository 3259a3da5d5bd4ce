"""CloudWatch's alarms and metrics on the wire; dashboards, insight rules and tags are moto's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.cloudwatch import queries
from rehearsal.cloud.cloudwatch.metrics import epoch
from rehearsal.cloud.cloudwatch.rule import name_of
from rehearsal.cloud.cloudwatch.statistics import is_statistic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rehearsal.cloud.cloudwatch.alarms import Alarm
    from rehearsal.cloud.cloudwatch.models import AlarmsBackend

MAX_RECORDS = 100
METRICS_PAGE = 500
BOTH = frozenset({"MetricAlarm", "CompositeAlarm"})


class AlarmResponse(CloudWatchResponse):
    """moto finds an operation's method by name."""

    @property
    def backend(self) -> AlarmsBackend:
        """The backend of the caller's account and Region."""
        found: AlarmsBackend = self.cloudwatch_backend  # type: ignore[assignment] # it has been extended
        return found

    def put_metric_alarm(self) -> ActionResult:
        self.backend.put_alarm(self._request())
        return EmptyResult()

    def put_composite_alarm(self) -> ActionResult:
        self.backend.put_composite_alarm(self._request())
        return EmptyResult()

    def describe_alarms(self) -> ActionResult:
        request = self._request()
        related = list(self._related(request))
        types = set(request.get("AlarmTypes") or ["MetricAlarm"])  # composite ones are listed only where asked for
        if request.get("AlarmNames") and request.get("AlarmNamePrefix"):
            raise ValidationError("AlarmNames and AlarmNamePrefix must not be given together.")
        found = [alarm for alarm in related if _kind(alarm) in types and _is_wanted(alarm, request)]
        page, token = self._page(found, int(request.get("MaxRecords") or MAX_RECORDS))
        shapes: dict[str, Any] = {
            "MetricAlarms": [alarm.shape() for alarm in page if not alarm.is_composite],
            "CompositeAlarms": [alarm.shape() for alarm in page if alarm.is_composite],
        }
        return ActionResult(shapes | ({"NextToken": token} if token else {}))

    def describe_alarms_for_metric(self) -> ActionResult:
        request = self._request()
        names = ("Namespace", "MetricName", "Statistic", "ExtendedStatistic", "Period", "Unit")
        wanted = {name: request[name] for name in names if request.get(name)}
        dimensions = _pairs(request.get("Dimensions"))
        found = [
            alarm.shape()
            for alarm in self.backend.describe_alarms()
            if all(alarm.settings.get(name) == value for name, value in wanted.items())
            and _pairs(alarm.settings.get("Dimensions")) == dimensions
        ]
        return ActionResult({"MetricAlarms": found})

    def describe_alarm_history(self) -> ActionResult:
        request = self._request()
        types = set(request.get("AlarmTypes") or ["MetricAlarm"])
        start, end = request.get("StartDate"), request.get("EndDate")
        items = [
            (alarm, item)
            for alarm in self.backend.describe_alarms()
            if _kind(alarm) in types or request.get("AlarmName")
            if request.get("AlarmName") in {None, alarm.name}
            for item in alarm.history
            if request.get("HistoryItemType") in {None, item.kind}
            and (start is None or item.time >= epoch(start))
            and (end is None or item.time < epoch(end))
        ]
        items.sort(key=lambda each: each[1].time, reverse=request.get("ScanBy") != "TimestampAscending")
        page, token = self._page(items, int(request.get("MaxRecords") or MAX_RECORDS))
        shapes: dict[str, Any] = {"AlarmHistoryItems": [alarm.history_shape(item) for alarm, item in page]}
        return ActionResult(shapes | ({"NextToken": token} if token else {}))

    def set_alarm_state(self) -> ActionResult:
        request = self._request()
        self.backend.set_alarm_state(
            request["AlarmName"], request["StateReason"], request.get("StateReasonData"), request["StateValue"]
        )
        return EmptyResult()

    def get_metric_data(self) -> ActionResult:
        request = self._request()
        asked = request.get("MetricDataQueries") or []
        for query in asked:
            if "MetricStat" not in query and not query.get("Expression"):
                raise ValidationError("The parameter MetricDataQueries.member.1.MetricStat is required.\n")
            if query.get("MetricStat") and not is_statistic(query["MetricStat"]["Stat"]):
                raise ValidationError(f"The statistic {query['MetricStat']['Stat']} is not supported.")
        found = queries.metric_data(
            self.backend.metrics,
            asked,
            request["StartTime"],
            request["EndTime"],
            descending=request.get("ScanBy") != "TimestampAscending",
        )
        return ActionResult({"MetricDataResults": found, "Messages": []})

    def get_metric_statistics(self) -> ActionResult:
        request = self._request()
        if not request.get("Statistics") and not request.get("ExtendedStatistics"):
            raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
        points = queries.metric_statistics(self.backend.metrics, request)
        return ActionResult({"Label": request["MetricName"], "Datapoints": points})

    def list_metrics(self) -> ActionResult:
        request = self._request()
        keys = self.backend.metrics.matching(
            request.get("Namespace"), request.get("MetricName"), request.get("Dimensions") or []
        )
        page, token = self._page(sorted(keys), METRICS_PAGE)
        shapes: dict[str, Any] = {
            "Metrics": [
                {
                    "Namespace": key.namespace,
                    "MetricName": key.name,
                    "Dimensions": [{"Name": name, "Value": value} for name, value in key.dimensions],
                }
                for key in page
            ]
        }
        return ActionResult(shapes | ({"NextToken": token} if token else {}))

    def _request(self) -> dict[str, Any]:
        """The operation's input in botocore's names, without what was not given."""
        return {key: value for key, value in self._get_params().items() if value is not None}

    def _related(self, request: dict[str, Any]) -> Iterable[Alarm]:
        alarms = {alarm.name: alarm for alarm in self.backend.describe_alarms()}
        children, parents = request.get("ChildrenOfAlarmName"), request.get("ParentsOfAlarmName")
        if children or parents:
            request["AlarmTypes"] = list(BOTH)
        if children:
            parent = alarms.get(children)
            return (
                [alarms[name] for name in parent.rule.alarms if name in alarms]
                if parent and parent.is_composite
                else []
            )
        if parents:
            return [each for each in alarms.values() if each.is_composite and name_of(parents) in each.rule.alarms]
        return alarms.values()

    def _page(self, items: list[Any], size: int) -> tuple[list[Any], str | None]:
        token = self._request().get("NextToken") or "0"
        if not str(token).isdecimal() or len(str(token)) > 9:  # noqa: PLR2004 - far more than there can be
            raise InvalidParameterValue("Request parameter NextToken is invalid")
        start = int(token)
        more = start + size < len(items)
        return items[start : start + size], str(start + size) if more else None


def _kind(alarm: Alarm) -> str:
    return "CompositeAlarm" if alarm.is_composite else "MetricAlarm"


def _is_wanted(alarm: Alarm, request: dict[str, Any]) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "AlarmNames": lambda names: alarm.name in names,
        "AlarmNamePrefix": alarm.name.startswith,
        "StateValue": lambda state: alarm.state == state,
        "ActionPrefix": lambda prefix: any(
            arn.startswith(prefix) for state in ("OK", "ALARM", "INSUFFICIENT_DATA") for arn in alarm.actions_for(state)
        ),
    }
    return all(test(request[name]) for name, test in tests.items() if request.get(name))


def _pairs(dimensions: Any) -> set[tuple[str, str]]:
    return {(each["Name"], each["Value"]) for each in dimensions or []}
