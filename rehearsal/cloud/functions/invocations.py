"""Invocations: with the function's role, within its limits, with its log.

Source: AWS Lambda Developer Guide, "Invoking a function synchronously"; API reference of Invoke; "Lambda quotas".
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rehearsal.cloud.client_environment import client_environment
from rehearsal.cloud.functions.errors import LambdaError, throttled, unusable_role
from rehearsal.cloud.functions.logs import LogWriter, lines_of
from rehearsal.cloud.functions.runner import Ending, FunctionCall, RunnerError
from rehearsal.cloud.role_clients import RoleNotAssumableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.functions.function import Function
    from rehearsal.cloud.role_sessions import RoleCredentials
    from rehearsal.cloud.services import Services

SERVICE = "lambda.amazonaws.com"
LARGEST_EVENT = 6 * 1024 * 1024
LARGEST_ANSWER = 6_291_556
LARGEST_ASYNC_EVENT = 1024 * 1024
TAIL = 4096
UNITS = {"Duration": "Milliseconds"}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Invocation:
    """What an invocation answers. `error` is empty, or what `X-Amz-Function-Error` says."""

    request_id: str
    payload: bytes
    error: str
    log_tail: bytes
    version: str


class Invoker:
    """Runs the functions of one Region. Safe from any thread; made anew in each process."""

    def __init__(self, services: Services, region: str) -> None:
        self._services = services
        self._region = region
        self._logs = LogWriter(services, region)
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def invoke(self, function: Function, payload: bytes, request_id: str = "") -> Invocation:
        """Run a function to its end. Raises LambdaError where it cannot be run: no role, too many at once."""
        request_id = request_id or str(uuid.uuid4())
        with self._slot(function):
            credentials = self.credentials(function)
            call = self._call(function, payload, request_id, credentials)
            try:
                result = self._services.runner.run(call)
            except RunnerError as error:
                log.exception("function %s could not be run", function.function_name)
                raise LambdaError("ServiceException", f"{error} (see the endpoint's log)", 500) from error
        lines = lines_of(call, result)
        self._services.submit(self._logs.write, function.log_group, result.log_stream, lines, credentials)
        self._measure(function, Invocations=1, Errors=result.ending is not Ending.SUCCESS, Duration=result.duration_ms)
        answer, is_error = result.payload, result.ending is not Ending.SUCCESS
        if len(answer) > LARGEST_ANSWER:
            text = f"Response payload size exceeded maximum allowed payload size ({LARGEST_ANSWER} bytes)."
            answer = json.dumps({"errorMessage": text, "errorType": "Function.ResponseSizeTooLarge"}).encode()
            is_error = True
        return Invocation(
            request_id=request_id,
            payload=answer,
            # Errors that the runtime caught and errors that ended it are both told as Unhandled by today's runtimes.
            error="Unhandled" if is_error else "",
            log_tail="\n".join(line.replace("\r", "\n") for line in lines).encode()[-TAIL:],
            version=str(function.version),
        )

    def credentials(self, function: Function) -> RoleCredentials:
        """Return credentials of the function's role. Raises LambdaError where Lambda may not assume it."""
        name, arn = str(function.function_name), str(function.function_arn)
        try:
            return self._services.roles.credentials(str(function.role), SERVICE, name, self._region, arn)
        except RoleNotAssumableError as error:
            raise unusable_role(f"The role defined for the function cannot be assumed by Lambda. ({error})") from error

    @contextmanager
    def _slot(self, function: Function) -> Iterator[None]:
        """Hold one of the function's reserved executions. Raises LambdaError where none is left."""
        name, reserved = str(function.function_name), function.reserved_concurrency
        with self._lock:
            is_free = reserved is None or self._running[name] < int(reserved)
            self._running[name] += is_free
        self._measure(function, Throttles=not is_free)
        if not is_free:
            raise throttled()
        try:
            yield
        finally:
            with self._lock:
                self._running[name] -= 1

    def _measure(self, function: Function, **values: float) -> None:
        """Put metrics into `AWS/Lambda`: of the function, and of all (Developer Guide, "Types of metrics")."""
        backend = self._services.door.backend("cloudwatch", self._region)
        for dimensions in ([{"Name": "FunctionName", "Value": str(function.function_name)}], []):
            data = [
                {"MetricName": name, "Dimensions": dimensions, "Unit": UNITS.get(name, "Count"), "Value": float(value)}
                for name, value in values.items()
            ]
            backend.put_metric_data("AWS/Lambda", data)

    def _call(self, function: Function, payload: bytes, request_id: str, credentials: RoleCredentials) -> FunctionCall:
        version, memory = str(function.version), int(function.memory_size)
        variables = {
            **client_environment(credentials, self._region, self._services.url()),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": str(function.function_name),
            "AWS_LAMBDA_FUNCTION_VERSION": version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "TZ": ":UTC",
        }
        now = datetime.now(UTC)
        return FunctionCall(
            identity=function.identity,
            arn=str(function.function_arn),
            name=str(function.function_name),
            version=version,
            runtime=str(function.run_time),
            handler=str(function.handler),
            code=bytes(function.code_bytes),
            environment={**{str(key): str(value) for key, value in function.environment_vars.items()}, **variables},
            expires=credentials.expires,
            event=payload,
            request_id=request_id,
            timeout_seconds=float(function.timeout),
            memory_mib=memory,
            log_group=function.log_group,
            log_stream=f"{now:%Y/%m/%d}/[{version}]{uuid.uuid4().hex}",
        )
