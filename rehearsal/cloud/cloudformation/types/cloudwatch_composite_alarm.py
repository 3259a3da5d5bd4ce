"""AWS::CloudWatch::CompositeAlarm."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.alarm_type import AlarmType

SETTINGS = (
    "ActionsEnabled", "ActionsSuppressor", "ActionsSuppressorExtensionPeriod", "ActionsSuppressorWaitPeriod",
    "AlarmActions", "AlarmDescription", "AlarmRule", "InsufficientDataActions", "OKActions",
)  # fmt: skip


class CompositeAlarm(AlarmType):
    """An alarm on other alarms."""

    type_name = "AWS::CloudWatch::CompositeAlarm"
    supported = frozenset({*SETTINGS, "AlarmName"})
    in_place = frozenset({*SETTINGS, "Tags"})
    settings = SETTINGS
    put_operation = "put_composite_alarm"
