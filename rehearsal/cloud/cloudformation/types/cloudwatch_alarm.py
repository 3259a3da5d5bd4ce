"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.alarm_type import AlarmType

SETTINGS = (
    "ActionsEnabled", "AlarmActions", "AlarmDescription", "ComparisonOperator", "DatapointsToAlarm", "Dimensions",
    "EvaluateLowSampleCountPercentile", "EvaluationPeriods", "ExtendedStatistic", "InsufficientDataActions",
    "MetricName", "Metrics", "Namespace", "OKActions", "Period", "Statistic", "Threshold", "ThresholdMetricId",
    "TreatMissingData", "Unit",
)  # fmt: skip


class Alarm(AlarmType):
    """A metric alarm."""

    type_name = "AWS::CloudWatch::Alarm"
    supported = frozenset({*SETTINGS, "AlarmName"})
    in_place = frozenset({*SETTINGS, "Tags"})
    settings = SETTINGS
    put_operation = "put_metric_alarm"
