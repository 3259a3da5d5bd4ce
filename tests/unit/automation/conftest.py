"""An engine with AWS played by plain functions behind real boto3 clients."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from rehearsal.automation import (
    AssumeRoleDeniedError,
    AutomationEngine,
    Caller,
    DocumentNotFoundError,
    DocumentVersionNotFoundError,
    EngineSettings,
    SqliteStore,
    StoredDocument,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = "123456789012"
REGION = "eu-central-1"
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT)
FINAL = {"Success", "TimedOut", "Cancelled", "Failed"}


@cache
def _boto() -> Any:
    """One session for all tests: it keeps the services' models, which take long to load."""
    return boto3.session.Session(aws_access_key_id="AKIAPLAYED", aws_secret_access_key="played", region_name=REGION)


class RefusalError(Exception):
    """What a played operation raises to answer with an error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.error = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}


class PlayedAws:
    """Boto3 clients whose operations are answered by functions; requests are still checked against the model."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[..., Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.roles: dict[str, str] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self._boto = _boto()

    def on(self, operation: str, answer: Callable[..., Any] | dict[str, Any]) -> None:
        self.answers[operation] = answer if callable(answer) else lambda **_: answer

    def named(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.calls if name == operation]

    def session(self, role_arn: str | None, _execution_id: str, caller: Caller) -> PlayedSession:
        if role_arn is not None and role_arn not in self.roles:
            raise AssumeRoleDeniedError(
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on {role_arn}"
            )
        return PlayedSession(self, role_arn)

    def client(self, service: str, region: str) -> Any:
        key = (service, region)
        if key not in self._clients:
            client = self._boto.client(service, region_name=region)
            client.meta.events.register("provide-client-params", self._remember)
            client.meta.events.register("before-call", self._answer)
            self._clients[key] = client
        return self._clients[key]

    def _remember(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["played"] = dict(params)

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        parameters = context["played"]
        self.calls.append((model.name, parameters))
        if model.name not in self.answers:
            raise AssertionError(f"no answer for {model.name} was prepared")
        try:
            parsed = self.answers[model.name](**parameters)
        except RefusalError as refusal:
            return AWSResponse("", 400, {}, None), refusal.error
        return AWSResponse("", 200, {}, None), {"ResponseMetadata": {"HTTPStatusCode": 200}, **parsed}


class PlayedSession:
    def __init__(self, aws: PlayedAws, role: str | None) -> None:
        self._aws = aws
        self._role = role

    def client(self, service: str, region: str | None = None) -> Any:
        return self._aws.client(service, region or REGION)

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": f"AKIA-{self._role or 'caller'}",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_REGION": REGION,
        }


class Shelf:
    """Documents by name and version."""

    def __init__(self) -> None:
        self.kept: dict[str, list[StoredDocument]] = {}

    def put(self, name: str, content: dict[str, Any], **more: Any) -> None:
        versions = self.kept.setdefault(name, [])
        versions.append(StoredDocument(name, str(len(versions) + 1), content, **more))

    def get(self, name_or_arn: str, version: str | None = None) -> StoredDocument:
        versions = self.kept.get(name_or_arn.rpartition("/")[2])
        if not versions:
            raise DocumentNotFoundError(name_or_arn)
        if version in {None, "$DEFAULT", "$LATEST"}:
            return versions[-1]
        if not str(version).isdigit() or not 0 < int(str(version)) <= len(versions):
            raise DocumentVersionNotFoundError(version)
        return versions[int(str(version)) - 1]


class Harness:
    """Starts executions and waits for what they come to."""

    refusal = RefusalError
    fail_listening = False

    def __init__(self, store: SqliteStore, **settings: Any) -> None:
        self.aws = PlayedAws()
        self.documents = Shelf()
        self.events: list[Any] = []
        self.settings = EngineSettings(ACCOUNT, REGION, poll_seconds=(0.01, 0.02), listener=self._listen, **settings)
        self.engine = AutomationEngine(self.aws, store, self.settings, self.documents)
        self.aws.on("StartAutomationExecution", self._start_child)
        self.aws.on("GetAutomationExecution", self._get)

    def _listen(self, event: Any) -> None:
        if self.fail_listening:
            raise RuntimeError("nobody is there")
        self.events.append(event)

    def _start_child(self, **request: Any) -> dict[str, Any]:
        return {"AutomationExecutionId": self.engine.start(request, CALLER)}

    def _get(self, AutomationExecutionId: str) -> dict[str, Any]:  # noqa: N803  # boto3's name
        return {"AutomationExecution": self.engine.find(AutomationExecutionId)}

    def start(self, steps: list[dict[str, Any]], given: dict[str, list[str]] | None = None, **more: Any) -> str:
        """Store the steps as a document and start it. Top-level keys of the document go by their names."""
        keys = {"parameters", "variables", "outputs", "assumeRole", "files"}
        content = {"schemaVersion": "0.3", "mainSteps": steps} | {key: more.pop(key) for key in keys & set(more)}
        name = more.pop("name", "Runbook")
        self.documents.put(name, content, attachments=more.pop("attachments", {}))
        request = {"DocumentName": name, **more}
        if given:
            request["Parameters"] = given
        return self.engine.start(request, CALLER)

    def wait(self, execution_id: str, status: set[str] | None = None, seconds: float = 20) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            execution = self.engine.find(execution_id)
            if execution["AutomationExecutionStatus"] in (status or FINAL):
                return execution
            time.sleep(0.005)
        raise AssertionError(f"still {execution['AutomationExecutionStatus']} after {seconds} s: {execution}")

    def run(
        self, steps: list[dict[str, Any]], given: dict[str, list[str]] | None = None, **more: Any
    ) -> dict[str, Any]:
        return self.wait(self.start(steps, given, **more))


@pytest.fixture
def make_harness() -> Iterator[Callable[..., Harness]]:
    opened: list[Harness] = []

    def make(store: SqliteStore | None = None, **settings: Any) -> Harness:
        opened.append(Harness(store or SqliteStore(), **settings))
        return opened[-1]

    yield make
    for harness in opened:
        harness.engine.close()


@pytest.fixture
def automation(make_harness: Callable[..., Harness]) -> Harness:
    return make_harness()


@pytest.fixture(scope="module")
def shared_automation() -> Iterator[Harness]:
    """One engine for a module whose tests would each wait for an interpreter to get warm."""
    harness = Harness(SqliteStore())
    yield harness
    harness.engine.close()
