"""Functions run: what they answer, what they log, what ends them."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, allow, eventually, make_function, package, queue, received, role

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = """
import boto3, json, os, sys, time
calls = 0

def handler(event, context):
    global calls
    calls += 1
    print("called with", json.dumps(event))
    kind = event.get("do")
    if kind == "raise":
        raise ValueError("this does not work")
    if kind == "sleep":
        time.sleep(60)
    if kind == "exit":
        os._exit(3)
    if kind == "much":
        return "x" * 7_000_000
    if kind == "who":
        return boto3.client("sts").get_caller_identity()["Arn"]
    if kind == "buckets":
        return boto3.client("s3").list_buckets()["Buckets"]
    left = context.get_remaining_time_in_millis()
    return {"calls": calls, "left": 0 < left <= 30000, "name": context.function_name, "id": context.aws_request_id,
            "own": os.environ["OWN"], "stream": context.log_stream_name, "version": context.function_version}
"""
LIMIT = 30
"""In seconds, and in SOURCE in milliseconds: far more than anything but `sleep` takes on a busy machine."""
LOGS = allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])


@pytest.fixture(scope="module")
def function(client: Callable[[str], Any]) -> str:
    own = role(client("iam"), "runner", "lambda.amazonaws.com", LOGS)
    make_function(client("lambda"), "worker", SOURCE, own, Timeout=LIMIT, Environment={"Variables": {"OWN": "value"}})
    return "worker"


def invoke(client: Callable[[str], Any], function: str, event: Any, **options: Any) -> tuple[dict[str, Any], Any]:
    answer = client("lambda").invoke(FunctionName=function, Payload=json.dumps(event), **options)
    return answer, json.loads(answer["Payload"].read() or "null")


def test_a_function_answers_and_its_process_is_used_again(client: Callable[[str], Any], function: str) -> None:
    first, one = invoke(client, function, {})
    _, two = invoke(client, function, {})

    assert first["StatusCode"] == 200
    assert first["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in first
    assert one["left"]
    assert one["name"] == "worker"
    assert one["own"] == "value"
    assert one["version"] == "$LATEST"
    assert two["calls"] == one["calls"] + 1
    assert two["stream"] == one["stream"]


def test_the_log_has_start_output_end_and_report(client: Callable[[str], Any], function: str) -> None:
    answer, body = invoke(client, function, {"say": "this"}, LogType="Tail")
    tail = base64.b64decode(answer["LogResult"]).decode()

    assert tail.startswith(f"START RequestId: {body['id']} Version: $LATEST\n")
    assert 'called with {"say": "this"}\n' in tail
    assert f"END RequestId: {body['id']}\nREPORT RequestId: {body['id']}\tDuration: " in tail
    assert "Memory Size: 128 MB\tMax Memory Used: " in tail

    def logged() -> bool:
        try:
            events = client("logs").filter_log_events(logGroupName="/aws/lambda/worker")["events"]
        except client("logs").exceptions.ResourceNotFoundException:
            return False
        return any(body["id"] in event["message"] and event["logStreamName"] == body["stream"] for event in events)

    eventually(logged, "the log in CloudWatch Logs")


def test_an_exception_is_described_with_its_way(client: Callable[[str], Any], function: str) -> None:
    answer, error = invoke(client, function, {"do": "raise"}, LogType="Tail")

    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "ValueError"
    assert error["errorMessage"] == "this does not work"
    assert 'raise ValueError("this does not work")' in error["stackTrace"][-1]
    assert len(error["stackTrace"]) == 1
    assert "[ERROR] ValueError: this does not work\nTraceback" in base64.b64decode(answer["LogResult"]).decode()


def test_a_function_that_is_too_slow_is_ended(client: Callable[[str], Any], function: str) -> None:
    client("lambda").update_function_configuration(FunctionName=function, Timeout=1)
    answer, error = invoke(client, function, {"do": "sleep"}, LogType="Tail")
    client("lambda").update_function_configuration(FunctionName=function, Timeout=LIMIT)
    _, after = invoke(client, function, {})

    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in error["errorMessage"]
    assert "Status: timeout" in base64.b64decode(answer["LogResult"]).decode()
    assert after["calls"] == 1  # in a new process


def test_a_process_that_ends_is_an_error(client: Callable[[str], Any], function: str) -> None:
    answer, error = invoke(client, function, {"do": "exit"})
    _, after = invoke(client, function, {})

    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")
    assert after["calls"] == 1


def test_an_answer_has_a_largest_size(client: Callable[[str], Any], function: str) -> None:
    answer, error = invoke(client, function, {"do": "much"})

    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_function_calls_aws_as_its_role_and_may_do_what_that_may(client: Callable[[str], Any], function: str) -> None:
    _, who = invoke(client, function, {"do": "who"})
    answer, error = invoke(client, function, {"do": "buckets"})

    assert who == f"arn:aws:sts::{ACCOUNT}:assumed-role/runner/worker"
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "AccessDenied"
    assert "is not authorized to perform: s3:ListAllMyBuckets" in error["errorMessage"]


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("main.absent", "Runtime.HandlerNotFound"),
        ("absent.handler", "Runtime.ImportModuleError"),
        ("handler", "Runtime.MalformedHandlerName"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_named(client: Callable[[str], Any], handler: str, kind: str) -> None:
    client("lambda").create_function(
        FunctionName=f"bad-{handler.replace('.', '-')}",
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/runner",
        Handler=handler,
        Code={"ZipFile": package(SOURCE)},
    )
    answer, error = invoke(client, f"bad-{handler.replace('.', '-')}", {})

    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == kind


def test_what_cannot_be_invoked_is_refused(client: Callable[[str], Any], function: str) -> None:
    functions = client("lambda")
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName="absent")
    with pytest.raises(functions.exceptions.InvalidRequestContentException):
        functions.invoke(FunctionName=function, Payload=b"{no json")
    with pytest.raises(functions.exceptions.RequestTooLargeException):
        functions.invoke(FunctionName=function, Payload=b'"' + b"x" * 6 * 1024 * 1024 + b'"')
    assert functions.invoke(FunctionName=function, InvocationType="DryRun")["StatusCode"] == 204


def test_what_cannot_run_is_refused_when_it_is_made(client: Callable[[str], Any]) -> None:
    functions = client("lambda")
    request = {"Role": f"arn:aws:iam::{ACCOUNT}:role/runner", "Handler": "main.handler"}
    with pytest.raises(ClientError, match=r"nodejs22\.x cannot be run by this endpoint: it runs python3\.x"):
        functions.create_function(
            FunctionName="node", Runtime="nodejs22.x", Code={"ZipFile": package(SOURCE)}, **request
        )
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        functions.create_function(FunctionName="zip", Runtime="python3.13", Code={"ZipFile": b"no zip"}, **request)
    layer = "arn:aws:lambda:us-east-1:111122223333:layer:x:1"
    with pytest.raises(ClientError, match="Layers are not part of this endpoint"):
        functions.create_function(
            FunctionName="layered", Runtime="python3.13", Code={"ZipFile": package(SOURCE)}, Layers=[layer], **request
        )
    with pytest.raises(ClientError, match="The specified bucket does not exist"):
        functions.create_function(
            FunctionName="s3", Runtime="python3.13", Code={"S3Bucket": "absent", "S3Key": "key"}, **request
        )


def test_a_package_that_is_too_large_once_unpacked_is_refused_when_it_is_given(
    client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rehearsal.cloud.functions.function.LARGEST_UNPACKED", len(SOURCE) - 1)
    with pytest.raises(ClientError, match="Unzipped size must be smaller than"):
        client("lambda").create_function(
            FunctionName="large", Runtime="python3.13", Role=f"arn:aws:iam::{ACCOUNT}:role/runner",
            Handler="main.handler", Code={"ZipFile": package(SOURCE)},
        )  # fmt: skip


def test_code_comes_from_a_bucket_and_is_exchanged(client: Callable[[str], Any], function: str) -> None:
    del function
    client("s3").create_bucket(Bucket="packages")
    for key, answer in (("one", 1), ("two", 2)):
        body = package(f"def handler(event, context):\n    return {answer}\n")
        client("s3").put_object(Bucket="packages", Key=key, Body=body)
    client("lambda").create_function(
        FunctionName="packaged",
        Runtime="python3.12",
        Role=f"arn:aws:iam::{ACCOUNT}:role/runner",
        Handler="main.handler",
        Code={"S3Bucket": "packages", "S3Key": "one"},
    )
    first = invoke(client, "packaged", {})[1]
    client("lambda").update_function_code(FunctionName="packaged", S3Bucket="packages", S3Key="two")

    assert (first, invoke(client, "packaged", {})[1]) == (1, 2)


def test_a_role_that_does_not_trust_lambda_cannot_be_used(client: Callable[[str], Any]) -> None:
    own = role(client("iam"), "other", "ec2.amazonaws.com")
    functions = client("lambda")
    make_function(functions, "untrusted", SOURCE, own)
    with pytest.raises(ClientError, match="cannot be assumed by Lambda") as refused:
        functions.invoke(FunctionName="untrusted")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_reserved_concurrency_bounds_what_runs(client: Callable[[str], Any], function: str) -> None:
    functions = client("lambda")
    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as refused:
        functions.invoke(FunctionName=function)
    functions.delete_function_concurrency(FunctionName=function)

    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert invoke(client, function, {})[0]["StatusCode"] == 200


def test_an_event_is_tried_three_times_and_then_buried(client: Callable[[str], Any]) -> None:
    sqs = client("sqs")
    url, arn = queue(sqs, "buried")
    own = role(client("iam"), "burying", "lambda.amazonaws.com", LOGS, allow("sqs:SendMessage", arn))
    make_function(
        client("lambda"),
        "failing",
        SOURCE,
        own,
        DeadLetterConfig={"TargetArn": arn},
        Environment={"Variables": {"OWN": ""}},
    )
    answer = client("lambda").invoke(FunctionName="failing", InvocationType="Event", Payload=b'{"do": "raise"}')
    message = eventually(lambda: received(sqs, url), "the dead letter")[0]
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}

    assert answer["StatusCode"] == 202
    assert message["Body"] == '{"do": "raise"}'
    assert attributes["ErrorCode"] == "200"
    assert "this does not work" in attributes["ErrorMessage"]

    def attempts() -> bool:
        events = client("logs").filter_log_events(logGroupName="/aws/lambda/failing")["events"]
        return sum(e["message"].startswith(f"START RequestId: {attributes['RequestID']}") for e in events) == 3

    eventually(attempts, "three attempts in the log")
