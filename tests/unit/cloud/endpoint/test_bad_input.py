"""Bad input through the API: always a modelled error, never a traceback, and the endpoint lives on."""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import get_session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from rehearsal.cloud.ssm.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud import Cloud

MODEL = get_session().get_service_model("ssm")
AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=AKIAX/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0"
# A call may be refused by any of the operation's own errors, or by those that every operation shares.
SHARED = {"ValidationException", "SerializationException", "InvalidNextToken", "InvalidFilterKey", "InvalidParameters"}
EVERY_OPERATION = sorted(OPERATIONS)
RELAXED = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(
    [
        "",
        "x",
        "$LATEST",
        "$DEFAULT",
        "1",
        "-1",
        "AWS-RunShellScript",
        "i-0123456789abcdef0",
        "x" * 10_000,
        "\x00",
        "{{x}}",
    ]
) | st.text(alphabet=string.printable, max_size=30)


@pytest.fixture(scope="module")
def post(cloud: Cloud) -> Callable[[str, bytes], tuple[int, dict[str, Any]]]:
    """Sends a body to an operation and returns status and answer, which has to be JSON."""
    assert cloud.endpoint is not None
    http = Client(cloud.endpoint)

    def send(operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {
            "X-Amz-Target": f"AmazonSSM.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": AUTHORIZATION,
        }
        answer = http.post("/", data=body, headers=headers)
        assert "Traceback" not in answer.text
        return answer.status_code, json.loads(answer.text or "{}")

    return send


def check(operation: str, status: int, answer: dict[str, Any]) -> None:
    """Either it worked, or the error is one that the operation may answer."""
    if status == 200:
        return
    assert status == 400, answer
    documented = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
    assert answer["__type"] in documented | SHARED, answer
    assert answer.get("message") or answer.get("Message"), answer


def inputs_of(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs with the operation's own members, whose values are plausible, wrong or wild."""
    shape = MODEL.operation_model(operation).input_shape
    members = shape.members if shape else {}
    value = words | json_values | st.lists(words, max_size=3) | st.dictionaries(words, st.lists(words, max_size=2))
    return st.dictionaries(st.sampled_from(sorted(members)), value, max_size=len(members)) if members else st.just({})


@pytest.mark.parametrize("operation", EVERY_OPERATION)
@RELAXED
@given(data=st.data())
def test_any_members_with_any_values(
    operation: str, data: st.DataObject, post: Callable[[str, bytes], tuple[int, dict[str, Any]]]
) -> None:
    body = data.draw(inputs_of(operation))
    check(operation, *post(operation, json.dumps(body).encode()))


@RELAXED
@given(body=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body(body: bytes, post: Callable[[str, bytes], tuple[int, dict[str, Any]]]) -> None:
    for operation in ("GetDocument", "SendCommand", "CreateAssociation", "StartAutomationExecution"):
        check(operation, *post(operation, body))


@RELAXED
@given(content=st.text(max_size=300) | json_values.map(json.dumps), kind=st.sampled_from(["Command", "Automation"]))
def test_any_document(content: str, kind: str, post: Callable[[str, bytes], tuple[int, dict[str, Any]]]) -> None:
    for document_format in ("JSON", "YAML"):
        body = {"Name": "Any-Document", "Content": content, "DocumentType": kind, "DocumentFormat": document_format}
        status, answer = post("CreateDocument", json.dumps(body).encode())
        assert status == 400 or post("DeleteDocument", b'{"Name": "Any-Document"}')[0] == 200
        check("CreateDocument", status, answer)


def explosion() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(["schemaVersion: '2.2'", *lines])


@pytest.mark.parametrize(
    "content",
    [
        explosion(),
        "schemaVersion: '2.2'\nschemaVersion: '2.2'\nmainSteps: []\n",
        "a: &a\n  b: *a\nschemaVersion: '2.2'\n",
        "!!python/object/apply:os.system ['true']",
        "- " * 20_000,
        "{" * 20_000,
        "schemaVersion: '2.2'\nmainSteps: !file /etc/passwd\n",
        "\x00\x01\x02",
        "",
    ],
)
def test_hostile_yaml(content: str, post: Callable[[str, bytes], tuple[int, dict[str, Any]]]) -> None:
    body = {"Name": "Hostile-Document", "Content": content, "DocumentFormat": "YAML"}
    status, answer = post("CreateDocument", json.dumps(body).encode())
    assert status == 400
    check("CreateDocument", status, answer)


def test_oversize_documents_are_refused_by_their_size(
    post: Callable[[str, bytes], tuple[int, dict[str, Any]]],
) -> None:
    for size in (64 * 1024 + 1, 5_000_000):
        body = {"Name": "Large-Document", "Content": " " * size}
        status, answer = post("CreateDocument", json.dumps(body).encode())
        assert (status, answer["__type"]) == (400, "MaxDocumentSizeExceeded")


@pytest.mark.parametrize(
    ("operation", "body", "code", "text"),
    [
        ("GetDocument", {}, "ValidationException", "Value null at 'name' failed to satisfy constraint"),
        ("GetDocument", {"Name": 5}, "SerializationException", "NUMBER_VALUE can not be converted to a String"),
        ("GetDocument", {"Name": "x" * 10_000}, "ValidationException", "regular expression pattern"),
        ("GetDocument", {"Name": "fine", "Colour": "red"}, "ValidationException", "Unknown member 'Colour'"),
        (
            "GetDocument",
            {"Name": "fine", "DocumentFormat": "XML"},
            "ValidationException",
            "enum value set: [YAML, JSON",
        ),
        (
            "SendCommand",
            {"DocumentName": "d" * 5, "TimeoutSeconds": 1},
            "ValidationException",
            "greater than or equal to 30",
        ),
        ("SendCommand", {"DocumentName": "d" * 5, "TimeoutSeconds": True}, "SerializationException", "BOOLEAN_VALUE"),
        ("SendCommand", {"DocumentName": "d" * 5, "TimeoutSeconds": 2**40}, "SerializationException", "NUMBER_VALUE"),
        (
            "SendCommand",
            {"DocumentName": "d" * 5, "InstanceIds": ["nope"]},
            "ValidationException",
            "instanceIds.1.member",
        ),
        (
            "SendCommand",
            {"DocumentName": "d" * 5, "Targets": [{}] * 6},
            "ValidationException",
            "less than or equal to 5",
        ),
        ("SendCommand", {"DocumentName": "d" * 5, "MaxErrors": "101%"}, "ValidationException", "maxErrors"),
        ("ListDocuments", {"MaxResults": 51}, "ValidationException", "less than or equal to 50"),
        ("GetCommandInvocation", {"CommandId": "x", "InstanceId": "y"}, "ValidationException", "2 validation errors"),
    ],
)
def test_what_the_model_forbids_is_named(
    operation: str,
    body: dict[str, Any],
    code: str,
    text: str,
    post: Callable[[str, bytes], tuple[int, dict[str, Any]]],
) -> None:
    status, answer = post(operation, json.dumps(body).encode())
    assert (status, answer["__type"]) == (400, code)
    assert text in answer["message"]
    assert len(answer["message"]) < 2_000


def test_duplicate_keys_are_refused(post: Callable[[str, bytes], tuple[int, dict[str, Any]]]) -> None:
    status, answer = post("GetDocument", b'{"Name": "one", "Name": "two"}')
    assert (status, answer["__type"]) == (400, "SerializationException")
    assert "Duplicate field 'Name'" in answer["message"]


def test_the_endpoint_lives_on(ssm: Any) -> None:
    assert ssm.list_documents()["DocumentIdentifiers"]
