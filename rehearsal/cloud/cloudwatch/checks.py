"""What PutMetricAlarm and PutCompositeAlarm refuse.

Source: API reference of both; codes are those of the service (`ValidationError`, `InvalidParameterCombination`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue, ValidationError

from rehearsal.cloud.cloudwatch.evaluation import COMPARISONS
from rehearsal.cloud.cloudwatch.expressions import ExpressionError, check
from rehearsal.cloud.cloudwatch.rule import Rule, RuleError, parse_rule
from rehearsal.cloud.cloudwatch.statistics import SIMPLE, is_statistic

if TYPE_CHECKING:
    from collections.abc import Collection

SHORT_PERIODS = frozenset({10, 20, 30})
LONGEST_RANGE = 7 * 86_400
MAX_QUERIES = 20
MAX_ACTIONS = 5
MISSING = ("missing", "ignore", "breaching", "notBreaching")
REQUIRED = ("AlarmName", "ComparisonOperator", "EvaluationPeriods")
ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def check_metric_alarm(settings: dict[str, Any]) -> None:
    """Raise the service's error for a metric alarm that cannot be."""
    for name in REQUIRED:
        if not settings.get(name):
            raise ValidationError(f"The parameter {name} is required.")
    comparison = settings["ComparisonOperator"]
    if comparison not in COMPARISONS or settings.get("ThresholdMetricId"):
        raise ValidationError(
            f"{comparison}: this endpoint evaluates {', '.join(COMPARISONS)}, and no anomaly detection."
        )
    if settings.get("Threshold") is None:
        raise ValidationError("The parameter Threshold is required.")
    periods, to_alarm = int(settings["EvaluationPeriods"]), int(settings.get("DatapointsToAlarm") or 0)
    if to_alarm > periods:
        raise ValidationError(f"DatapointsToAlarm {to_alarm} must not be greater than EvaluationPeriods {periods}.")
    if (settings.get("TreatMissingData") or "missing") not in MISSING:
        raise ValidationError(f"TreatMissingData must be one of {', '.join(MISSING)}.")
    if (settings.get("EvaluateLowSampleCountPercentile") or "evaluate") not in {"evaluate", "ignore"}:
        raise ValidationError("EvaluateLowSampleCountPercentile must be evaluate or ignore.")
    if settings.get("Metrics"):
        _check_queries(settings, periods)
    else:
        _check_single(settings, periods)
    check_actions(settings)


def check_composite_alarm(settings: dict[str, Any], existing: Collection[str]) -> Rule:
    """Raise the service's error for a composite alarm that cannot be; return its rule."""
    for name in ("AlarmName", "AlarmRule"):
        if not settings.get(name):
            raise ValidationError(f"The parameter {name} is required.")
    if settings.get("ActionsSuppressor"):
        raise ValidationError("ActionsSuppressor is not part of this endpoint.")
    try:
        rule = parse_rule(str(settings["AlarmRule"]))
    except RuleError as error:
        raise ValidationError(str(error)) from error
    if missing := [name for name in rule.alarms if name not in existing]:
        raise ValidationError(f"Could not save the composite alarm as alarms {missing} in the alarm rule do not exist")
    check_actions(settings)
    return rule


def check_actions(settings: dict[str, Any]) -> None:
    """Raise the service's error for actions that are no ARNs, or too many."""
    for name in ACTIONS:
        actions = settings.get(name) or []
        if len(actions) > MAX_ACTIONS:
            raise ValidationError(f"{name} has at most {MAX_ACTIONS} members.")
        for arn in actions:
            if not str(arn).startswith("arn:"):
                raise ValidationError(f"Invalid arn syntax: {arn}")


def _check_single(settings: dict[str, Any], periods: int) -> None:
    for name in ("Namespace", "MetricName", "Period"):
        if not settings.get(name):
            raise ValidationError(f"The parameter {name} is required for an alarm on one metric.")
    simple, extended = settings.get("Statistic"), settings.get("ExtendedStatistic")
    if bool(simple) == bool(extended):
        raise InvalidParameterCombination("Exactly one of Statistic and ExtendedStatistic must be given.")
    if simple and simple not in SIMPLE:
        raise ValidationError(f"Statistic must be one of {', '.join(sorted(SIMPLE))}.")
    if extended and (extended in SIMPLE or not is_statistic(extended)):
        raise InvalidParameterValue(f"The value {extended} for parameter ExtendedStatistic is not supported.")
    _check_period(int(settings["Period"]), periods)


def _check_queries(settings: dict[str, Any], periods: int) -> None:
    single = [
        name for name in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period") if settings.get(name)
    ]
    if single:
        raise InvalidParameterCombination(f"Metrics must not be given together with {', '.join(single)}.")
    queries = settings["Metrics"]
    if len(queries) > MAX_QUERIES:
        raise ValidationError(f"An alarm has at most {MAX_QUERIES} metrics and expressions.")
    if sum(each.get("ReturnData", True) for each in queries) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    ids = frozenset(str(each["Id"]) for each in queries)
    lengths = set()
    for query in queries:
        if "MetricStat" in query:
            if not is_statistic(query["MetricStat"]["Stat"]):
                raise ValidationError(f"The statistic {query['MetricStat']['Stat']} is not supported.")
            lengths.add(int(query["MetricStat"]["Period"]))
            continue
        try:
            check(str(query.get("Expression", "")), ids - {query["Id"]})
        except ExpressionError as error:
            raise ValidationError(f"Error in expression '{query['Id']}': {error}") from error
    if len(lengths) != 1:
        raise ValidationError("All metrics of an alarm must have the same period.")
    _check_period(lengths.pop(), periods)


def _check_period(period: int, periods: int) -> None:
    if period not in SHORT_PERIODS and (period < 1 or period % 60):
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60")
    if period * periods > LONGEST_RANGE:
        raise ValidationError("Metrics cannot be checked across more than seven days (EvaluationPeriods * Period).")
