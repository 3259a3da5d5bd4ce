"""Signatures, metadata, settings: what the agent needs before it can talk to anyone."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from rehearsal.agent import goformat
from rehearsal.agent.aws import AwsError, HostAccess
from rehearsal.agent.config import Config, ConfigError, configured_endpoint, read_config
from rehearsal.agent.delivery import Backoff, StoppedError, deliver
from rehearsal.agent.http_client import TransportError, request
from rehearsal.agent.imds import Metadata, MetadataError
from rehearsal.agent.messages import Cancel, Command, MessageError, parse_message
from rehearsal.agent.sigv4 import Credentials, signed_headers

if TYPE_CHECKING:
    from pathlib import Path

INSTANCE = "i-0123456789abcdef0"
KEYS = Credentials("AKID", "secret/key+", "token==")


@pytest.mark.parametrize(
    ("method", "url", "service", "body"),
    [
        ("POST", "https://ssm.eu-west-1.amazonaws.com/", "ssm", b'{"a": 1}'),
        ("POST", "http://198.51.100.1:443/", "ec2messages", b"{}"),
        ("GET", "http://127.0.0.1:4566/bucket/a%20b/c+d~e", "s3", b""),
        ("GET", "https://s3.eu-west-1.amazonaws.com/bucket/?list-type=2&prefix=a%2Fb%20c", "s3", b""),
        ("PUT", "https://s3.eu-west-1.amazonaws.com/bucket/k", "s3", "ünï".encode()),
    ],
)
def test_signatures_are_what_botocore_makes(
    monkeypatch: pytest.MonkeyPatch, method: str, url: str, service: str, body: bytes
) -> None:
    moment = dt.datetime(2026, 11, 23, 6, 7, 8, tzinfo=dt.UTC)
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.X"}
    own = signed_headers(method, url, headers, body, credentials=KEYS, service=service, region="eu-west-1", now=moment)

    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment.replace(tzinfo=None))
    keys = botocore.credentials.Credentials(KEYS.access_key_id, KEYS.secret_access_key, KEYS.session_token)
    signer = (botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth)(keys, service, "eu-west-1")
    theirs = botocore.awsrequest.AWSRequest(method=method, url=url, headers=headers, data=body)
    signer.add_auth(theirs)
    assert own["Authorization"] == theirs.headers["Authorization"]
    assert own["X-Amz-Date"] == theirs.headers["X-Amz-Date"]


def test_secrets_are_not_in_a_representation() -> None:
    assert repr(KEYS) == "Credentials(access_key_id='AKID', expires=0.0)"


def test_the_metadata_service_says_who_the_host_is(endpoint: Any) -> None:
    metadata = Metadata(endpoint.url)
    identity = metadata.identity()
    assert (identity.instance_id, identity.region, identity.address) == (INSTANCE, "eu-west-1", "10.0.1.10")
    assert metadata.credentials().access_key_id == "ASIAFAKE"
    assert metadata.credentials() is metadata.credentials()
    assert endpoint.credentials_given == 1
    metadata.forget_credentials()
    metadata.credentials()
    assert endpoint.credentials_given == 2


def test_a_metadata_token_that_has_lapsed_is_renewed(endpoint: Any) -> None:
    metadata = Metadata(endpoint.url)
    metadata._token, metadata._token_until = "lapsed", float("inf")
    assert metadata.identity().instance_id == INSTANCE


def test_a_metadata_service_that_is_not_there_is_named() -> None:
    with pytest.raises(MetadataError, match=r"127\.0\.0\.1:1"):
        Metadata("http://127.0.0.1:1").identity()


def test_refusals_have_the_services_code(endpoint: Any) -> None:
    config = Config(ssm_endpoint=endpoint.url, mds_endpoint=endpoint.url)
    access = HostAccess(config, Metadata(endpoint.url), "eu-west-1")
    endpoint.refuse["GetDocument"] = (400, {"__type": "com.amazonaws.ssm#InvalidDocument", "message": "none"})
    with pytest.raises(AwsError) as caught:
        access.get_document("x", "")
    assert (caught.value.code, caught.value.status, str(caught.value)) == (
        "InvalidDocument",
        400,
        "InvalidDocument: none",
    )
    with pytest.raises(AwsError, match="ParameterNotFound"):
        access.get_secure_parameter("absent")


@pytest.mark.parametrize("url", ["ftp://x/", "http://", "nonsense", "http://127.0.0.1:1/", "http://127.0.0.1:99999/"])
def test_what_cannot_be_reached_is_a_transport_error(url: str) -> None:
    with pytest.raises(TransportError):
        request("GET", url)


def test_an_answer_that_is_too_long_is_refused(endpoint: Any) -> None:
    endpoint.pages = {"/long": b"x" * 1000}
    assert len(request("GET", f"{endpoint.url}/long", max_answer=1000).body) == 1000
    with pytest.raises(TransportError, match="more than 999 bytes"):
        request("GET", f"{endpoint.url}/long", max_answer=999)


def test_settings_are_read_whatever_their_case(tmp_path: Path) -> None:
    path = tmp_path / "agent.json"
    assert read_config(path) == Config()
    path.write_text(
        json.dumps(
            {
                "ssm": {"endpoint": "http://a:1/", "HealthFrequencyMinutes": 5},
                "Mds": {"Endpoint": "https://b", "CommandWorkersLimit": 99, "StopTimeoutMillis": 5000},
                "Agent": {"Region": "eu-north-1", "Version": "3.3.1142.0"},
                "Unknown": 1,
            }
        )
    )
    config = read_config(path)
    assert (config.ssm_endpoint, config.mds_endpoint, config.region) == ("http://a:1", "https://b", "eu-north-1")
    assert (config.health_seconds, config.workers, config.poll_seconds) == (300, 5, 5.0)
    assert config.agent_version == "3.3.1142.0"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "must be a JSON object"),
        ('{"Ssm": []}', "Ssm must be an object"),
        ('{"Ssm": {"Endpoint": "host:443"}}', "Ssm.Endpoint must be a full URL"),
        ('{"Ssm": {"Endpoint": 1}}', "Ssm.Endpoint must be a string"),
        ('{"Mds": {"CommandWorkersLimit": "5"}}', "Mds.CommandWorkersLimit must be a number"),
        ('{"Agent": {"Version": "latest"}}', "Agent.Version must be numbers with dots"),
    ],
)
def test_settings_that_are_wrong_name_the_key(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "agent.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_config(tmp_path / "agent.json")
    assert message in str(caught.value)


def test_other_services_are_where_the_hosts_aws_tools_find_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert Config().endpoint("s3", "eu-west-1") == "https://s3.eu-west-1.amazonaws.com"
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://198.51.100.1:443\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert Config().endpoint("logs", "eu-west-1") == "http://198.51.100.1:443"
    (tmp_path / "config").write_text("not an ini file")
    assert configured_endpoint("s3") == ""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3")
    assert (configured_endpoint("s3"), configured_endpoint("logs")) == ("http://s3", "http://all")
    assert Config(s3_endpoint="http://own").endpoint("s3", "eu-west-1") == "http://own"


def message(**changes: Any) -> dict[str, Any]:
    fixed = {"MessageId": f"aws.ssm.cmd-1.{INSTANCE}", "Topic": "aws.ssm.sendCommand.x", "Destination": INSTANCE}
    return {**fixed, "Payload": json.dumps({"CommandId": "cmd-1", "DocumentContent": {}}), **changes}


def test_messages_are_parsed() -> None:
    command = parse_message(message(), INSTANCE)
    assert isinstance(command, Command)
    assert (command.command_id, command.parameters) == ("cmd-1", {})
    cancel = parse_message(
        message(Topic="aws.ssm.cancelCommand.x", Payload=json.dumps({"CancelMessageId": f"aws.ssm.cmd-1.{INSTANCE}"})),
        INSTANCE,
    )
    assert cancel == Cancel(f"aws.ssm.cmd-1.{INSTANCE}", "cmd-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"MessageId": None},
        {"Topic": 1},
        {"Topic": "aws.ssm.other"},
        {"Destination": "i-another"},
        {"Payload": None},
        {"Payload": 1},
        {"Payload": "["},
        {"Payload": "[]"},
        {"Payload": "[" * 100_000},
        {"Payload": json.dumps({"CommandId": "../../etc"})},
        {"Payload": json.dumps({"CommandId": "x" * 65})},
        {"Payload": json.dumps({"CommandId": "cmd-1", "Parameters": []})},
        {"Topic": "aws.ssm.cancelCommand.x", "Payload": json.dumps({"CancelMessageId": "nonsense"})},
    ],
)
def test_messages_that_cannot_be_understood_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        parse_message(message(**changes), INSTANCE)


def test_waits_end_when_the_agent_stops() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        Backoff(stop).wait()


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (AwsError("InvalidMessageId", "", 400), 3),
        (AwsError("ThrottlingException", "", 400), 6),
        (AwsError("InternalFailure", "", 500), 6),
        (TransportError("refused"), 6),
    ],
)
def test_only_what_is_refused_for_good_is_given_up_soon(
    monkeypatch: pytest.MonkeyPatch, error: Exception, attempts: int
) -> None:
    monkeypatch.setattr(Backoff, "wait", lambda _: None)
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        raise error

    assert not deliver(call, "it", stop=threading.Event(), log=lambda _: None, may_go_on=lambda: len(calls) < 6)
    assert len(calls) == attempts


@pytest.mark.parametrize(
    ("value", "printed", "marshalled"),
    [
        (None, "<nil>", "null"),
        (1.5, "1.5", "1.5"),
        (2.0, "2", "2"),
        (1e21, "1e+21", "1e+21"),
        ({"b": [1, "x"], "a": {"c": None}}, "map[a:map[c:<nil>] b:[1 x]]", '{"a":{"c":null},"b":[1,"x"]}'),
        ("a&b<c>\u2028", "a&b<c>\u2028", '"a\\u0026b\\u003cc\\u003e\\u2028"'),
    ],
)
def test_values_look_as_go_prints_them(value: Any, printed: str, marshalled: str) -> None:
    assert goformat.sprint(value) == printed
    assert goformat.marshal(value) == marshalled
