"""A small endpoint of its own: metadata, Systems Manager, messages, S3 and logs, as much as an agent needs."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.agent.cancellation import Cancellation
from rehearsal.agent.document import prepare
from rehearsal.agent.flow import run_steps
from rehearsal.agent.run_context import RunContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rehearsal.agent.results import StepResult

INSTANCE = "i-0123456789abcdef0"
ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 20.0
VISIBILITY = 1.0


@dataclasses.dataclass
class Call:
    target: str
    body: Any
    headers: dict[str, str]


class FakeEndpoint:
    """Answers on a free port; `calls` has what was asked, `messages` what the next poll brings."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.messages: list[dict[str, Any]] = []
        self._in_flight: list[tuple[float, dict[str, Any]]] = []
        self.parameters: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}
        self.pages: dict[str, bytes] = {}
        self.metadata_up = True
        self.credentials_given = 0
        self.refuse: dict[str, tuple[int, dict[str, str]]] = {}
        self.refuse_next: dict[str, tuple[int, dict[str, str]]] = {}
        self.changed = threading.Condition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        with self.changed:
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        """The condition's value once it is true."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while not (value := condition()):
                assert self.changed.wait(deadline - time.monotonic()), f"waited in vain for {what}: {self.targets()}"
        return value

    def targets(self) -> list[str]:
        return [call.target for call in self.calls]

    def calls_of(self, target: str) -> list[Call]:
        return [call for call in self.calls if call.target == target]

    def replies(self, message_id: str) -> list[dict[str, Any]]:
        """Payloads of SendReply for a message, decoded."""
        sent = [call.body for call in self.calls_of("SendReply") if call.body["MessageId"] == message_id]
        return [json.loads(body["Payload"]) for body in sent]

    def send(self, topic: str, command_id: str, payload: dict[str, Any]) -> str:
        """Queue a message and return its ID."""
        message_id = f"aws.ssm.{command_id}.{INSTANCE}"
        self.push({"MessageId": message_id, "Topic": topic, "Destination": INSTANCE, "Payload": json.dumps(payload)})
        return message_id

    def push(self, message: dict[str, Any]) -> None:
        with self.changed:
            self.messages.append({"CreatedDate": "2026-11-23T06:00:00.000Z", **message})
            self.changed.notify_all()

    def refuse_once(self, target: str, status: int, code: str) -> None:
        """The next call of this operation is refused, the one after it is not."""
        self.refuse_next[target] = (status, {"__type": code, "message": "refused"})

    def _answer(self, call: Call) -> tuple[int, Any]:
        if call.target in self.refuse_next:
            return self.refuse_next.pop(call.target)
        if call.target in self.refuse:
            return self.refuse[call.target]
        if call.target in {"AcknowledgeMessage", "FailMessage"}:
            taken = call.body["MessageId"]
            self._in_flight = [one for one in self._in_flight if one[1]["MessageId"] != taken]
        if call.target == "GetMessages":
            return 200, {"Destination": INSTANCE, "MessagesRequestId": "r", "Messages": self._next_messages()}
        if call.target == "GetParameters":
            names = call.body["Names"]
            found = [self.parameters[name] for name in names if name in self.parameters]
            missing = [name for name in names if name not in self.parameters]
            return 200, {"Parameters": found, "InvalidParameters": missing}
        if call.target == "GetDocument":
            content = self.documents.get(call.body["Name"])
            if content is None:
                return 400, {"__type": "InvalidDocument", "message": "no such document"}
            return 200, {"Name": call.body["Name"], "Content": content}
        return 200, {}

    def _next_messages(self) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 2
        with self.changed:
            self._show_again()
            while not self.messages and time.monotonic() < deadline:
                self.changed.wait(0.2)
                self._show_again()
            taken, self.messages = self.messages, []
            self._in_flight += [(time.monotonic(), message) for message in taken]
        return taken

    def _show_again(self) -> None:
        """Messages that were handed out and not acknowledged in time are there again, as in the service."""
        now = time.monotonic()
        self.messages += [message for since, message in self._in_flight if now - since > VISIBILITY]
        self._in_flight = [(since, message) for since, message in self._in_flight if now - since <= VISIBILITY]

    def _metadata(self, path: str) -> bytes | None:
        if not self.metadata_up:
            return None
        self.credentials_given += path.endswith("/host-role")
        credentials = {
            "AccessKeyId": "ASIAFAKE",
            "SecretAccessKey": "s3cr3t",
            "Token": "t0k3n",
            "Expiration": "2099-01-01T00:00:00Z",
        }
        values = {
            "instance-id": INSTANCE,
            "placement/region": "eu-west-1",
            "local-ipv4": "10.0.1.10",
            "iam/security-credentials/": "host-role",
            "iam/security-credentials/host-role": json.dumps(credentials),
        }
        value = values.get(path.removeprefix("/latest/meta-data/"))
        return value.encode() if value is not None else None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                return

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.path == "/latest/api/token":
                    self._send(200, b"metadata-token")
                    return
                with fake.changed:
                    fake.objects[self.path] = body
                    fake.changed.notify_all()
                self._send(200, b"")

            def do_GET(self) -> None:
                if self.path.startswith("/latest/"):
                    allowed = self.headers.get("X-aws-ec2-metadata-token") == "metadata-token"
                    value = fake._metadata(self.path) if allowed else None
                    self._send(200 if value is not None else 401 if not allowed else 404, value or b"")
                    return
                found = fake.pages.get(self.path) if self.path in fake.pages else fake.objects.get(self.path)
                self._send(200 if found is not None else 404, found if found is not None else b"")

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                call = Call(target, json.loads(body), {name.lower(): value for name, value in self.headers.items()})
                with fake.changed:
                    fake.calls.append(call)
                    fake.changed.notify_all()
                status, answer = fake._answer(call)
                try:
                    self._send(status, json.dumps(answer).encode())
                except BrokenPipeError:
                    return

        return Handler


@pytest.fixture
def endpoint() -> Iterator[FakeEndpoint]:
    fake = FakeEndpoint()
    yield fake
    fake.close()


class RunningAgent:
    """The agent as its unit starts it: a process of its own."""

    def __init__(self, endpoint: FakeEndpoint, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.log_path = folder / "agent.log"
        config = {
            "Ssm": {"Endpoint": endpoint.url},
            "Mds": {"Endpoint": endpoint.url},
            "S3": {"Endpoint": endpoint.url},
            **settings,
        }
        (folder / "agent.json").write_text(json.dumps(config), encoding="utf-8")
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint.url,
            "AWS_ENDPOINT_URL_LOGS": endpoint.url,
        }
        self.process = self.start()

    def start(self, *more: str) -> subprocess.Popen[bytes]:
        reboot = f"touch {self.folder / 'reboot-asked-for'}"
        options = [
            *more,
            "--reboot-command",
            reboot,
            "--config",
            str(self.folder / "agent.json"),
            "--data",
            str(self.folder / "data"),
        ]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rehearsal.agent", "--serve", *options],
                env=self.environment,
                stderr=log,
                cwd=self.folder,
            )
        return self.process

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    @property
    def data(self) -> Path:
        return self.folder / "data" / INSTANCE

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8")


@pytest.fixture
def start_agent(endpoint: FakeEndpoint, tmp_path: Path) -> Iterator[Callable[..., RunningAgent]]:
    started: list[RunningAgent] = []

    def start(**settings: Any) -> RunningAgent:
        agent = RunningAgent(endpoint, tmp_path, settings)
        started.append(agent)
        return agent

    yield start
    for agent in started:
        if agent.process.poll() is None:
            agent.stop(signal.SIGKILL)


class Executor:
    """Runs document contents in this process, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.orchestration = folder / "orchestration"
        self.orchestration.mkdir()
        self.cancellation = Cancellation()
        self.logged: list[str] = []
        self.run_context = RunContext(
            orchestration=self.orchestration,
            command_id="00000000-aaaa-bbbb-cccc-000000000000",
            instance_id=INSTANCE,
            region="eu-west-1",
            environment={"PATH": os.environ["PATH"], "FROM_AGENT": "yes"},
            cancellation=self.cancellation,
            log=self.logged.append,
        )

    def steps(
        self,
        content: dict[str, Any],
        parameters: dict[str, Any] | None = None,
        *,
        earlier: dict[str, StepResult] | None = None,
        **changes: Any,
    ) -> list[StepResult]:
        run = dataclasses.replace(self.run_context, **changes)
        return run_steps(prepare(content, parameters or {}, run), run, earlier=earlier)

    def script(self, *lines: str, parameters: dict[str, Any] | None = None, **inputs: Any) -> StepResult:
        """The result of one aws:runShellScript step; `inputs` beside runCommand."""
        return self.steps(shell_document({"runCommand": list(lines), **inputs}), parameters)[0]


def shell_document(
    *inputs: Any, parameters: dict[str, Any] | None = None, names: tuple[str, ...] = ("one", "two", "three", "four")
) -> dict[str, Any]:
    """A document with an aws:runShellScript step for each of `inputs`."""
    steps = [
        {"action": "aws:runShellScript", "name": name, "inputs": one} for name, one in zip(names, inputs, strict=False)
    ]
    return {"schemaVersion": "2.2", "description": "", "parameters": parameters or {}, "mainSteps": steps}


@pytest.fixture
def executor(tmp_path: Path) -> Executor:
    return Executor(tmp_path)


@pytest.fixture(name="shell_document")
def shell_document_fixture() -> Callable[..., dict[str, Any]]:
    return shell_document
