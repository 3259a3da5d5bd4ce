"""Runs the handler of one function, as Lambda's Python runtime does. Standard library only; run by its source.

A line of standard input is one invocation, a line on the descriptor that the first argument names is its answer.
What the handler prints goes to standard output. Semantics: AWS Lambda Developer Guide, "Define Lambda function
handler in Python", "Using the Lambda context object", "Python function logging"; texts as the runtime has them.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Handler = Callable[[Any, "Context"], Any]


class Context:
    """The handler's second argument."""

    identity = None
    client_context = None

    def __init__(self, facts: dict[str, Any], deadline: float) -> None:
        self.aws_request_id = facts["request_id"]
        self.function_name = facts["name"]
        self.function_version = facts["version"]
        self.invoked_function_arn = facts["arn"]
        self.memory_limit_in_mb = str(facts["memory_mib"])
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message: object) -> None:
        """Write to the log."""
        sys.stdout.write(str(message))


class LoadError(Exception):
    """The function cannot be loaded; `kind` is the error's type as Lambda names it."""

    def __init__(self, kind: str, message: str, stack: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.kind, self.stack = kind, list(stack)


class LogFormat(logging.Formatter):
    """Lambda's text format: level, time in UTC, request, message, separated by tabs."""

    converter = time.gmtime  # type: ignore[assignment] # as the documentation of logging has it
    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record as one event of the log."""
        record.aws_request_id = self.request_id
        return super().format(record).replace("\n", "\r")


def load(handler: str) -> Handler:
    """Return the function that `module.name` stands for. Raises LoadError."""
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise LoadError("Runtime.MalformedHandlerName", f"Bad handler '{handler}': {error}") from None
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise LoadError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        where = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise LoadError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [where]
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever the function's module raises
        raise LoadError(type(error).__name__, str(error), frames(error)) from None
    if not hasattr(module, function_name):
        raise LoadError("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    found: Handler = getattr(module, function_name)
    return found


def frames(error: BaseException) -> list[str]:
    """The function's own part of the way to an exception: without this file, and without the import machinery."""
    found = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in found if not frame.filename.startswith("<") and "importlib" not in frame.filename]
    return traceback.format_list(own)


def failed(kind: str, message: str, stack: list[str], request_id: str) -> dict[str, Any]:
    """Describe an error as the runtime does, in the log and as the answer."""
    lines = [f"[ERROR] {kind}: {message}"]
    if stack:
        lines += ["Traceback (most recent call last):", *"".join(stack).rstrip("\n").split("\n")]
    sys.stdout.write("\r".join(lines) + "\n")
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": stack}


def invoke(handler: Handler, request: dict[str, Any], log_format: LogFormat) -> dict[str, Any]:
    """Call the handler; return the answer's line."""
    facts = request["context"]
    context = Context(facts, time.monotonic() + request["timeout_seconds"])
    log_format.request_id = context.aws_request_id
    try:
        answer = handler(json.loads(request["event"]), context)
    except Exception as error:  # noqa: BLE001 - whatever the handler raises
        fault = failed(type(error).__name__, str(error), frames(error), context.aws_request_id)
        return {"payload": json.dumps(fault), "error": True}
    try:
        return {"payload": json.dumps(answer, ensure_ascii=False), "error": False}
    except (TypeError, ValueError) as error:
        fault = failed("Runtime.MarshalError", f"Unable to marshal response: {error}", [], context.aws_request_id)
        return {"payload": json.dumps(fault), "error": True}


def set_up_logging() -> LogFormat:
    """Send the records of `logging` to standard output in Lambda's format; from WARNING on, as Lambda does."""
    text = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    log_format = LogFormat(text, "%Y-%m-%dT%H:%M:%S")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(log_format)
    logging.getLogger().addHandler(handler)
    return log_format


def main() -> None:
    """Answer invocations until there are no more."""
    answers = os.fdopen(int(sys.argv[1]), "w", encoding="utf-8")
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    log_format = set_up_logging()

    def answer(message: dict[str, Any]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    started = time.monotonic()
    loaded: Handler | LoadError
    try:
        loaded = load(os.environ["_HANDLER"])
    except LoadError as error:
        loaded = error
    answer({"init_ms": (time.monotonic() - started) * 1000})
    for line in requests:
        request = json.loads(line)
        if isinstance(loaded, LoadError):
            fault = failed(loaded.kind, str(loaded), loaded.stack, request["context"]["request_id"])
            answer({"payload": json.dumps(fault), "error": True})
            return  # the next invocation loads the function anew
        answer(invoke(loaded, request, log_format))


if __name__ == "__main__":
    main()
