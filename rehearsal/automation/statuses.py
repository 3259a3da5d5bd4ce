"""The enumerations of the Automation API that an ordinary automation uses (botocore `ssm/2014-11-06`)."""

from __future__ import annotations

from enum import StrEnum


class ExecutionStatus(StrEnum):
    """`AutomationExecutionStatus`, without what only Change Manager emits."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    WAITING = "Waiting"
    SUCCESS = "Success"
    TIMED_OUT = "TimedOut"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    FAILED = "Failed"
    EXITED = "Exited"

    @property
    def final(self) -> bool:
        """Whether nothing can follow."""
        return self in _FINAL


_FINAL = frozenset(
    {
        ExecutionStatus.SUCCESS,
        ExecutionStatus.TIMED_OUT,
        ExecutionStatus.CANCELLED,
        ExecutionStatus.FAILED,
        ExecutionStatus.EXITED,
    }
)

StepStatus = ExecutionStatus  # The API has one enumeration for both; only a loop step is ever `Exited`.


class Mode(StrEnum):
    """`ExecutionMode`."""

    AUTO = "Auto"
    INTERACTIVE = "Interactive"


class FailureStage(StrEnum):
    """`FailureDetails.FailureStage`."""

    INPUT_VALIDATION = "InputValidation"
    PRE_VERIFICATION = "PreVerification"
    INVOCATION = "Invocation"
    POST_VERIFICATION = "PostVerification"


class FailureType(StrEnum):
    """`FailureDetails.FailureType`."""

    ACTION = "Action"
    PERMISSION = "Permission"
    THROTTLING = "Throttling"
    VERIFICATION = "Verification"
    INTERNAL = "Internal"


class Impact(StrEnum):
    """`ImpactType` of an execution preview."""

    MUTATING = "Mutating"
    NON_MUTATING = "NonMutating"
    UNDETERMINED = "Undetermined"
