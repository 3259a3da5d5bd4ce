"""Calling AWS as the actions do: by service and operation name, with errors in the service's wording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    DataNotFoundError,
    EndpointConnectionError,
    ParamValidationError,
    UnknownServiceError,
)

from rehearsal.automation.encoding import plain
from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.selectors import compile_selector, field_path
from rehearsal.automation.statuses import FailureStage, FailureType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.automation.action import StepContext
    from rehearsal.automation.outputs import IsOptional

_THROTTLING = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "SlowDown",
        "PriorRequestNotComplete",
        "TransactionInProgressException",
        "EC2ThrottledException",
    }
)
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure", "UnauthorizedAccess"}
)


def failure_of(error: Exception, stage: str = "Execute/Cancelling action") -> StepFailedError:
    """Return the step failure for an error of boto3."""
    kind = FailureType.ACTION
    code = ""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _DENIED:
            kind = FailureType.PERMISSION
        elif code in _THROTTLING:
            kind = FailureType.THROTTLING
    invalid = isinstance(error, ParamValidationError)
    return StepFailedError(
        str(error),
        stage=stage,
        failure_stage=FailureStage.INPUT_VALIDATION if invalid else FailureStage.INVOCATION,
        failure_type=kind,
        throttled=code in _THROTTLING,
    )


def error_code(error: Exception) -> str:
    """Return the AWS error code of a boto3 error, or an empty string."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def request(context: StepContext, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    """Call one AWS operation of an action's own. Raises `StepFailedError`."""
    stage = f"calling {operation} of {service}"
    try:
        answer = context.call(lambda: getattr(context.client(service), operation)(**parameters), stage)
    except (ClientError, BotoCoreError) as error:
        raise failure_of(error) from error
    return dict(answer)


class ApiCall:
    """One operation that a document names by `Service` and `Api`, with the other inputs as its parameters."""

    def __init__(self, context: StepContext, inputs: Mapping[str, Any], *, without: frozenset[str]) -> None:
        service, api = str(inputs["Service"]), str(inputs["Api"])
        self._parameters = {key: value for key, value in inputs.items() if key not in without}
        try:
            self._client = context.client(service.lower())
        except (UnknownServiceError, DataNotFoundError) as error:
            raise InvalidInputError(f"Service {service} is not one that boto3 knows") from error
        self.operation, method = self._find(service, api)
        self._method: Callable[..., Any] = getattr(self._client, method)
        self._model = self._client.meta.service_model.operation_model(self.operation)
        self._context = context
        if self._model.has_streaming_output or self._model.has_event_stream_output:
            raise InvalidInputError(f"Api {self.operation} of {service} streams its answer, which is not supported")

    def _find(self, service: str, api: str) -> tuple[str, str]:
        """Accept `DescribeInstances`, `describeInstances` and `describe_instances`."""
        mapping: Mapping[str, str] = self._client.meta.method_to_api_mapping
        plain_name = api.replace("_", "").replace("-", "").lower()
        for method, operation in mapping.items():
            if api in {operation, method} or operation.lower() == plain_name:
                return operation, method
        raise InvalidInputError(f"Api {api} is not an operation of {service}")

    def send(self, seconds: float, stage: str = "Execute/Cancelling action") -> dict[str, Any]:
        """Call and return the answer in JSON's types. Raises `StepFailedError`."""
        try:
            answer = self._context.call(lambda: self._method(**self._parameters), stage, seconds)
        except (ClientError, BotoCoreError) as error:
            raise failure_of(error, stage) from error
        return dict(plain(answer))

    @property
    def is_optional(self) -> IsOptional:
        """Return a test whether a selector names a member that the service may leave out, as its model says."""
        return lambda selector: _is_modelled(self._model.output_shape, selector)


def _is_modelled(shape: Any, selector: str) -> bool:
    path = field_path(compile_selector(selector))
    if path is None:
        return False
    for step in path:
        if shape is None:
            return False
        if shape.type_name == "structure":
            shape = shape.members.get(step)
        elif shape.type_name == "list":
            shape = shape.member if isinstance(step, int) else None
        elif shape.type_name == "map":
            shape = shape.value
        else:
            return False
    return shape is not None


def is_transient(error: Exception) -> bool:
    """Say whether a failed look at a resource is worth another (reference §3.23: errors while polling are retried)."""
    if isinstance(error, ParamValidationError):
        return False
    if isinstance(error, EndpointConnectionError):
        return True
    return error_code(error) not in _DENIED
