"""What can go wrong: answers of the API, and the ways in which a step ends without success."""

from __future__ import annotations

from rehearsal.automation.statuses import FailureStage, FailureType

GUIDE = "Please refer to Automation Service Troubleshooting Guide for more diagnosis details."


class ApiError(Exception):
    """A modelled error of the Automation API: `code` is the exception's shape name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class MalformedRunbookError(Exception):
    """The content of a document is not a runbook that can be executed; the message says where."""


class InvalidInputError(Exception):
    """A step's inputs cannot be resolved, or are not what its action takes."""


class StepFailedError(Exception):
    """An attempt of a step failed.

    `stage` completes the sentence "Step fails when it is …", as the service words it.
    """

    def __init__(
        self,
        detail: str,
        *,
        stage: str = "Execute/Cancelling action",
        failure_stage: FailureStage = FailureStage.INVOCATION,
        failure_type: FailureType = FailureType.ACTION,
        throttled: bool = False,
        outputs: dict[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.stage = stage
        self.failure_stage = failure_stage
        self.failure_type = failure_type
        self.throttled = throttled
        self.outputs = outputs or {}

    @property
    def message(self) -> str:
        """`FailureMessage` in the service's wording (reference §6)."""
        return f"Step fails when it is {self.stage}. {self.detail.rstrip('.')}. {GUIDE}"


class StepTimedOutError(Exception):
    """An attempt of a step ran out of time while it was at `stage`."""

    def __init__(self, stage: str = "Execute/Cancelling action", detail: str = "") -> None:
        super().__init__(stage)
        self.stage = stage
        self.detail = detail

    @property
    def message(self) -> str:
        """`FailureMessage` in the service's wording (reference §6)."""
        detail = f" {self.detail.rstrip('.')}." if self.detail else ""
        return f"Step timed out while step is {self.stage}.{detail} {GUIDE}"


class StepCancelledError(Exception):
    """The execution was stopped while the step ran."""
