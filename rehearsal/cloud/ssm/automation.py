"""The Automation API on the wire. What it does is `rehearsal.automation`'s."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.automation import ApiError, AutomationEngine, Caller
from rehearsal.automation.listing import list_executions, list_steps
from rehearsal.cloud.ssm.exceptions import SsmError
from rehearsal.cloud.ssm.paging import page
from rehearsal.cloud.ssm.request import SsmRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


class AutomationResponses(SsmRequest):
    """StartAutomationExecution … GetExecutionPreview."""

    def start_automation_execution(self) -> ActionResult:
        with _modelled():
            execution_id = self._engine.start(self.input, self._automation_caller())
        return ActionResult({"AutomationExecutionId": execution_id})

    def get_automation_execution(self) -> ActionResult:
        with _modelled():
            return ActionResult({"AutomationExecution": self._engine.find(self.input["AutomationExecutionId"])})

    def describe_automation_executions(self) -> ActionResult:
        with _modelled():
            found = list_executions(self._engine.store, self.input.get("Filters") or [])
        return self._page("AutomationExecutionMetadataList", found)

    def describe_automation_step_executions(self) -> ActionResult:
        request = self.input
        with _modelled():
            found = list_steps(
                self._engine.store,
                request["AutomationExecutionId"],
                request.get("Filters") or [],
                reverse=bool(request.get("ReverseOrder")),
            )
        return self._page("StepExecutions", found)

    def stop_automation_execution(self) -> ActionResult:
        request = self.input
        with _modelled():
            self._engine.stop(request["AutomationExecutionId"], request.get("Type") or "Cancel")
        return EmptyResult()

    def send_automation_signal(self) -> ActionResult:
        request = self.input
        with _modelled():
            self._engine.signal(
                request["AutomationExecutionId"],
                request["SignalType"],
                request.get("Payload") or {},
                self._automation_caller(),
            )
        return EmptyResult()

    def start_execution_preview(self) -> ActionResult:
        with _modelled():
            preview_id = self._engine.start_preview(self.input, self._automation_caller())
        return ActionResult({"ExecutionPreviewId": preview_id})

    def get_execution_preview(self) -> ActionResult:
        with _modelled():
            return ActionResult(self._engine.find_preview(self.input["ExecutionPreviewId"]))

    @property
    def _engine(self) -> AutomationEngine:
        engine: AutomationEngine = self.backend.automation
        return engine

    def _automation_caller(self) -> Caller:
        """Return who signed the request."""
        return self.backend.automation_caller(self.access_key)

    def _page(self, key: str, found: list[dict[str, Any]]) -> ActionResult:
        items, token = page(found, self.input)
        return ActionResult({key: items} | ({"NextToken": token} if token else {}))


@contextmanager
def _modelled() -> Iterator[None]:
    """Turn the engine's errors into the API's."""
    try:
        yield
    except ApiError as error:
        raise SsmError(error.code, error.message) from error
