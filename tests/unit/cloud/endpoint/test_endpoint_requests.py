"""Every request is answered in AWS's wire format, whatever it is, and connections are kept."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.cloud.authorizer import ApiCall, Decision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

JSON = {"Content-Type": "application/x-amz-json-1.1"}


def signed(service: str, region: str = "us-east-1") -> dict[str, str]:
    scope = f"AKIAADMINISTRATOR000/20260101/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


@pytest.fixture(scope="module")
def http_client(cloud: Cloud) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=cloud.url, timeout=30, verify=False) as client:  # noqa: S501 - plain HTTP
        yield client


def error_of(answer: httpx.Response) -> str:
    return str(answer.json()["__type"])


def test_unknown_operations_are_answered_as_aws_does(http_client: httpx.Client) -> None:
    in_json = http_client.post(
        "/", headers=JSON | signed("ssm") | {"X-Amz-Target": "AmazonSSM.OpenSesame"}, content="{}"
    )
    assert (in_json.status_code, error_of(in_json)) == (400, "UnknownOperationException")
    in_query = http_client.post("/", headers=signed("sts"), data={"Action": "OpenSesame", "Version": "2011-06-15"})
    assert (in_query.status_code, "<Code>InvalidAction</Code>" in in_query.text) == (400, True)
    in_ec2 = http_client.post("/", headers=signed("ec2"), data={"Action": "OpenSesame", "Version": "2016-11-15"})
    assert (in_ec2.status_code, "<Errors><Error><Code>InvalidAction</Code>" in in_ec2.text) == (400, True)
    in_rest = http_client.get("/2015-03-31/nonsense", headers=signed("lambda"))
    assert in_rest.status_code in {400, 404}
    assert "Traceback" not in in_rest.text


def test_what_moto_lacks_is_named(client: Callable[[str], Any]) -> None:
    with pytest.raises(ClientError) as caught:
        client("ssm").list_resource_data_sync()
    assert "ssm:ListResourceDataSync is not part of this endpoint" in str(caught.value)


def test_unknown_services_are_named(http_client: httpx.Client) -> None:
    answer = http_client.post("/", headers=JSON | signed("sesame") | {"X-Amz-Target": "Sesame.Open"}, content="{}")
    assert answer.status_code == 400
    assert "sesame:Open" in answer.text


@pytest.mark.parametrize("body", ["{", "[]", '"text"', "\xff\xfe", '{"a": NaN}', "[" * 5000, '{"Name": "\\ud800"}'])
@pytest.mark.parametrize(
    "service", [("ssm", "AmazonSSM.GetDocument"), ("secretsmanager", "secretsmanager.GetSecretValue")]
)
def test_bodies_that_are_no_json_object_are_refused(
    http_client: httpx.Client, body: str, service: tuple[str, str]
) -> None:
    headers = JSON | signed(service[0]) | {"X-Amz-Target": service[1]}
    answer = http_client.post("/", headers=headers, content=body.encode("latin-1"))
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    assert answer.json()["__type"]


def test_requests_without_signature_or_target_are_answered(http_client: httpx.Client) -> None:
    assert http_client.post("/", data={"Action": "DescribeInstances", "Version": "2016-11-15"}).status_code == 403
    assert http_client.post("/", headers=JSON | signed("ssm"), content="{}").status_code == 400
    assert "<Code>MissingAuthenticationToken</Code>" in http_client.get("/").text


def test_a_body_beyond_the_limit_is_refused_unread(cloud: Cloud) -> None:
    where = urlsplit(cloud.url)
    connection = socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10)
    size = cloud.settings.max_body + 1
    connection.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
    answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "Connection: close" in answer
    connection.close()


@pytest.mark.parametrize(
    "request_", [b"NONSENSE\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
)
def test_what_is_no_http_ends_only_its_connection(cloud: Cloud, request_: bytes) -> None:
    where = urlsplit(cloud.url)
    connection = socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10)
    connection.sendall(request_)
    connection.shutdown(socket.SHUT_WR)
    answer = connection.recv(65536)
    assert b"Traceback" not in answer
    connection.close()
    assert httpx.get(cloud.url, headers=signed("s3"), timeout=10).status_code == 200


@pytest.mark.parametrize("rest", [b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"Content-Length: 100\r\n\r\n{}"])
def test_bodies_that_break_off_are_refused(cloud: Cloud, rest: bytes) -> None:
    where = urlsplit(cloud.url)
    connection = socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=10)
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + rest)
    connection.shutdown(socket.SHUT_WR)
    answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"IncompleteBody" in answer or b"IncompleteBody" in connection.recv(65536)
    connection.close()


def test_connections_are_kept_between_requests(cloud: Cloud) -> None:
    where = urlsplit(cloud.url)
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=10)
    sockets = []
    for _ in range(3):
        headers = JSON | signed("ssm") | {"X-Amz-Target": "AmazonSSM.ListDocuments"}
        connection.request("POST", "/", body="{}", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
        sockets.append(connection.sock)
    assert len({id(found) for found in sockets}) == 1
    connection.close()


def test_large_objects_and_odd_keys_pass_through(client: Callable[[str], Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="objects-of-any-kind")
    body = bytes(range(256)) * 20_000
    for key in ("a/b c", "ü/é", "a%2Fb", "x" * 900):
        s3.put_object(Bucket="objects-of-any-kind", Key=key, Body=body, Metadata={"some_key": "v"})
        assert s3.get_object(Bucket="objects-of-any-kind", Key=key)["Body"].read() == body
        assert s3.head_object(Bucket="objects-of-any-kind", Key=key)["ContentLength"] == len(body)


def test_regions_are_apart_and_the_account_is_ours(cloud: Cloud, client: Callable[[str], Any]) -> None:
    session = boto3.session.Session(aws_access_key_id="AKIAOTHERREGION00000", aws_secret_access_key="x")
    west: Any = session.client("ssm", region_name="us-west-2", endpoint_url=cloud.url)
    client("ssm").put_parameter(Name="/only/east", Value="x", Type="String")
    assert west.describe_parameters()["Parameters"] == []
    found = client("ssm").get_parameter(Name="/only/east")["Parameter"]
    assert found["ARN"] == "arn:aws:ssm:us-east-1:111122223333:parameter/only/east"
    assert client("sts").get_caller_identity()["Account"] == "111122223333"


def test_many_clients_at_once(client: Callable[[str], Any], cloud: Cloud) -> None:
    failures: list[Exception] = []

    def work(number: int) -> None:
        try:
            ssm: Any = boto3.session.Session(
                aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="x", region_name="us-east-1"
            ).client("ssm", endpoint_url=cloud.url)
            for turn in range(5):
                ssm.put_parameter(Name=f"/many/{number}/{turn}", Value="v", Type="String")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(Path="/many", Recursive=True)
    assert sum(len(found["Parameters"]) for found in pages) == 30


def test_a_second_cloud_in_the_process_is_refused(cloud: Cloud) -> None:
    second = Cloud(CloudSettings(listen=(("127.0.0.1", 0),)))
    with pytest.raises(RuntimeError, match="another cloud"):
        second.start()
    assert cloud.ssm().documents.listed({})


@pytest.mark.parametrize("settings", [{"account_id": "12"}, {"listen": ()}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        CloudSettings(**settings)


class Recorder:
    """Refuses one operation and notes what it was asked."""

    def __init__(self) -> None:
        self.calls: list[ApiCall] = []

    def authorize(self, call: ApiCall) -> Decision:
        self.calls.append(call)
        if call.operation in {"GetDocument", "DescribeVpcs", "GetCallerIdentity", "GetObject", "ListFunctions"}:
            return Decision(allowed=False, message=f"User: me is not authorized to perform: {call.action}")
        return Decision(allowed=True)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "code", "status"),
    [
        ("ssm", "get_document", {"Name": "AWS-RunShellScript"}, "AccessDeniedException", 400),
        ("ec2", "describe_vpcs", {}, "UnauthorizedOperation", 403),
        ("sts", "get_caller_identity", {}, "AccessDenied", 403),
        ("s3", "get_object", {"Bucket": "b", "Key": "k"}, "AccessDenied", 403),
        ("lambda", "list_functions", {}, "AccessDeniedException", 403),
    ],
)
def test_a_refusal_has_the_form_of_its_protocol(
    cloud: Cloud,
    client: Callable[[str], Any],
    monkeypatch: Any,
    service: str,
    operation: str,
    arguments: dict[str, Any],
    code: str,
    status: int,
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(cloud.endpoint, "_authorizer", recorder)
    with pytest.raises(ClientError) as caught:
        getattr(client(service), operation)(**arguments)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert f"is not authorized to perform: {recorder.calls[0].action}" in answer["Error"]["Message"]
    call = recorder.calls[0]
    assert (call.service, call.access_key, call.region) == (service, "AKIAADMINISTRATOR000", "us-east-1")
    assert arguments.items() <= call.parameters.items()


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ec2", "run_instances", {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}),
        ("iam", "create_role", {"RoleName": "seen", "AssumeRolePolicyDocument": "{}"}),
        ("secretsmanager", "create_secret", {"Name": "seen", "SecretString": "x"}),
        ("s3", "put_object", {"Bucket": "objects-of-any-kind", "Key": "a/b", "Body": b"x"}),
        ("logs", "create_log_group", {"logGroupName": "seen"}),
        ("sns", "create_topic", {"Name": "seen"}),
        ("lambda", "get_function", {"FunctionName": "seen"}),
        ("cloudwatch", "put_metric_data", {"Namespace": "N", "MetricData": [{"MetricName": "M", "Value": 1.0}]}),
    ],
)
def test_an_authorizer_sees_what_is_asked_for(
    cloud: Cloud,
    client: Callable[[str], Any],
    monkeypatch: Any,
    service: str,
    operation: str,
    arguments: dict[str, Any],
) -> None:
    recorder = Recorder()
    monkeypatch.setattr(cloud.endpoint, "_authorizer", recorder)
    try:
        getattr(client(service), operation)(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] in {"ResourceNotFoundException", "NoSuchBucket"}  # noqa: PT017 - either way
    call = recorder.calls[0]
    assert call.operation.lower() == operation.replace("_", "")
    seen = dict(call.parameters)
    for name, value in arguments.items():
        if name not in {"Body", "MetricData"}:
            assert seen[name] == value
    assert json.dumps(seen, default=str)
