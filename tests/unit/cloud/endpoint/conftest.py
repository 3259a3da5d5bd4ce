"""One endpoint a module, clients whose answers are checked against the API's models, hosts that are scripts."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "111122223333"
REGION = "us-east-1"
_PYTHON: dict[str, Any] = {"integer": int, "long": int, "boolean": bool, "timestamp": (int, float), "string": str}
# Documents have more types of parameters than the model's enum of what DescribeDocument shows (reference §1.2).
_OPEN_ENUMS = {"DocumentParameterType"}


def check_shape(value: Any, shape: Shape, path: str = "") -> None:
    """Assert that a wire value is what the model of the answer says: members, types, enums, lengths."""
    if isinstance(shape, StructureShape):
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{path or shape.name} has members that the model does not know: {sorted(unknown)}"
        for name, item in value.items():
            check_shape(item, shape.members[name], f"{path}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(value, list), path
        for item in value:
            check_shape(item, shape.member, f"{path}[]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            check_shape(item, shape.value, f"{path}.{key}")
    elif value is not None and shape.type_name in _PYTHON:
        assert isinstance(value, _PYTHON[shape.type_name]), f"{path} is {value!r}, not {shape.type_name}"
        if isinstance(shape, StringShape):
            if shape.enum and shape.name not in _OPEN_ENUMS:
                assert value in shape.enum, f"{path} is {value!r}, not one of {shape.enum}"
            assert len(value) <= shape.metadata.get("max", len(value)), f"{path} is longer than the model allows"


def _check_answer(http_response: Any, model: Any, **_: Any) -> None:
    if http_response.status_code == 200 and model.output_shape is not None:
        check_shape(json.loads(http_response.content), model.output_shape)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    settings = CloudSettings(
        account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True, long_poll=0.3
    )
    running = Cloud(settings)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Callable[[str], Any]:
    """Makes clients of an administrator."""
    session: Any = boto3.session.Session(
        aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name=REGION
    )
    made: dict[str, Any] = {}

    def make(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, endpoint_url=cloud.url)
            if service == "ssm":
                made[service].meta.events.register("after-call.ssm", _check_answer)
        return made[service]

    return make


@pytest.fixture(scope="module")
def ssm(client: Callable[[str], Any]) -> Any:
    return client("ssm")


class Host:
    """An instance with an agent that does what a test says: no process, but the real protocol."""

    def __init__(self, url: str, instance_id: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, verify=False)  # noqa: S501 - plain HTTP; certificates load slowly
        self.instance_id = instance_id

    def call(self, service: str, operation: str, **body: Any) -> httpx.Response:
        target = "AmazonSSM" if service == "ssm" else "EC2WindowsMessageDeliveryService"
        headers = {
            "X-Amz-Target": f"{target}.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAHOST/20260101/{REGION}/{service}/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        return self.http.post("/", headers=headers, content=json.dumps(body))

    def report(self, **changes: str) -> httpx.Response:
        said = {
            "AgentName": "amazon-ssm-agent",
            "AgentVersion": "3.3.3572.0",
            "AgentStatus": "Active",
            "PlatformType": "Linux",
            "PlatformName": "Debian GNU/Linux",
            "PlatformVersion": "12",
            "IPAddress": "10.0.1.10",
            "ComputerName": "web",
        }
        return self.call("ssm", "UpdateInstanceInformation", InstanceId=self.instance_id, **said | changes)

    def messages(self, visibility: float = 10) -> list[dict[str, Any]]:
        answer = self.call(
            "ec2messages",
            "GetMessages",
            Destination=self.instance_id,
            MessagesRequestId=str(uuid.uuid4()),
            VisibilityTimeoutInSeconds=visibility,
        )
        found: list[dict[str, Any]] = answer.json()["Messages"]
        return found

    def acknowledge(self, message: dict[str, Any]) -> None:
        self.call("ec2messages", "AcknowledgeMessage", MessageId=message["MessageId"]).raise_for_status()

    def reply(self, message: dict[str, Any], status: str, steps: dict[str, dict[str, Any]], trace: str = "") -> None:
        payload = {
            "additionalInfo": {},
            "documentStatus": status,
            "documentTraceOutput": trace,
            "runtimeStatus": steps,
        }
        answer = self.call(
            "ec2messages",
            "SendReply",
            MessageId=message["MessageId"],
            Payload=json.dumps(payload),
            ReplyId=str(uuid.uuid4()),
        )
        answer.raise_for_status()

    def run(self, status: str = "Success", code: int = 0, stdout: str = "done", stderr: str = "") -> dict[str, Any]:
        """Take the next command, end its only step like this, and return the payload."""
        message = self.messages()[0]
        payload: dict[str, Any] = json.loads(message["Payload"])
        self.acknowledge(message)
        content = payload["DocumentContent"]
        names = list(content.get("runtimeConfig") or [step["name"] for step in content["mainSteps"]])
        self.reply(message, status, {name: step_result(status, code, stdout, stderr) for name in names})
        self.call("ec2messages", "DeleteMessage", MessageId=message["MessageId"])
        return payload


def step_result(status: str, code: int = 0, stdout: str = "", stderr: str = "") -> dict[str, Any]:
    return {
        "status": status,
        "code": code,
        "name": "aws:runShellScript",
        "output": stdout + stderr,
        "startDateTime": "2026-11-23T06:00:00.000Z",
        "endDateTime": "2026-11-23T06:01:01.250Z",
        "standardOutput": stdout,
        "standardError": stderr,
    }


@pytest.fixture
def new_host(cloud: Cloud, client: Callable[[str], Any]) -> Callable[..., Host]:
    """Starts an instance with these tags; its agent is in touch unless the test says otherwise."""

    def start(*, agent: bool = True, **tags: str) -> Host:
        specification = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]
        launched = client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, TagSpecifications=specification if tags else []
        )
        host = Host(cloud.url, launched["Instances"][0]["InstanceId"])
        if agent:
            host.report().raise_for_status()
        return host

    return start


@pytest.fixture
def name() -> str:
    """A document name that no other test uses."""
    return f"Test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def document() -> Callable[..., str]:
    """Writes a Command document whose steps print their names."""

    def write(*steps: str, parameters: dict[str, Any] | None = None, timeout: int = 60) -> str:
        return json.dumps(
            {
                "schemaVersion": "2.2",
                "description": "test",
                "parameters": parameters or {},
                "mainSteps": [
                    {
                        "action": "aws:runShellScript",
                        "name": step,
                        "inputs": {"timeoutSeconds": timeout, "runCommand": [f"echo {step}"]},
                    }
                    for step in steps or ("run",)
                ],
            }
        )

    return write


@pytest.fixture(scope="session")
def step() -> Callable[..., dict[str, Any]]:
    """Makes one step's part of an agent's reply."""
    return step_result


@pytest.fixture(scope="session")
def refused() -> Callable[..., str]:
    """Calls an operation, asserts the modelled error and returns its message."""

    def call(operation: Callable[..., Any], code: str, **arguments: Any) -> str:
        with pytest.raises(ClientError) as caught:
            operation(**arguments)
        error = caught.value.response["Error"]
        assert error["Code"] == code, error
        assert "Traceback" not in error["Message"]
        return str(error["Message"])

    return call


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Asks until the answer is true; fails loudly when it never is."""

    def ask(question: Callable[[], Any], seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, "it never came true"
            time.sleep(0.05)
        return answer

    return ask
