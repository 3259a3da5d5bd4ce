"""Runs the conformance cases: boto3 against an endpoint in this process, with answers checked against the models."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.model import ListShape, MapShape, StructureShape

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

REGION = "eu-central-1"
RESULTS = Path(__file__).parents[3] / "build" / "conformance.json"
_ERRORS = 400
_PYTHON = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": (int, float), "blob": str}


def _sibling(name: str) -> Any:
    """Load a module beside this file, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_SIMULATED = _sibling("simulated_host")


def check_shape(value: Any, shape: Shape, path: str) -> None:
    """Raise AssertionError where an answer is not what botocore's model says."""
    if isinstance(shape, StructureShape):
        assert isinstance(value, dict), f"{path} is not a structure"
        unknown = set(value) - set(shape.members)
        assert not unknown, f"{path} has members that the model does not know: {sorted(unknown)}"
        for name, entry in value.items():
            check_shape(entry, shape.members[name], f"{path}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(value, list), f"{path} is not a list"
        for index, entry in enumerate(value):
            check_shape(entry, shape.member, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        assert isinstance(value, dict), f"{path} is not a map"
        for key, entry in value.items():
            check_shape(entry, shape.value, f"{path}.{key}")
    else:
        assert isinstance(value, _PYTHON.get(shape.type_name, object)), f"{path} is {value!r}, not a {shape.type_name}"
        # The model lists two types of document parameters, documents have more: what is answered then is SILENT.
        enum = [] if shape.name == "DocumentParameterType" else getattr(shape, "enum", None)
        assert not enum or value in enum, f"{path} is {value!r}, none of {enum}"


def _check_answer(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    body = json.loads(response_dict["body"] or b"{}")
    if response_dict["status_code"] >= _ERRORS:
        code = body["__type"].rpartition("#")[2]
        modelled = {shape.name for shape in operation_model.error_shapes} | {"ValidationException"}
        assert code in modelled, f"{operation_model.name} answered {code}, which its model does not have"
        return
    if operation_model.output_shape is not None:
        check_shape(body, operation_model.output_shape, operation_model.name)


class Account:
    """One account at the endpoint, and its runbooks."""

    final = frozenset({"Success", "TimedOut", "Cancelled", "Failed"})

    def __init__(self, url: str) -> None:
        self.url = url
        self._clients: dict[str, Any] = {}
        self._hosts: list[Any] = []
        self._number = 0

    def client(self, service: str) -> Any:
        if service not in self._clients:
            client = boto3.client(
                service,
                region_name=REGION,
                endpoint_url=self.url,
                aws_access_key_id="AKIACONFORMANCE00000",
                aws_secret_access_key="made-up",
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=service != "ssm"),
            )
            if service == "ssm":
                client.meta.events.register("before-parse.ssm", _check_answer)
            self._clients[service] = client
        return self._clients[service]

    def new_host(self) -> str:
        """Launch an instance with an agent and return its id."""
        launched = self.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
        instance_id = str(launched["Instances"][0]["InstanceId"])
        self._hosts.append(_SIMULATED.SimulatedHost(self.url, REGION, instance_id))
        return instance_id

    def close(self) -> None:
        for host in self._hosts:
            host.stop()

    def new_name(self) -> str:
        self._number += 1
        return f"Conformance-{self._number}"

    def create(self, content: dict[str, Any], name: str, **more: Any) -> str:
        body = json.dumps({"schemaVersion": "0.3"} | content)
        self.client("ssm").create_document(Name=name, Content=body, DocumentType="Automation", **more)
        return name

    def get(self, execution_id: str) -> dict[str, Any]:
        answer = self.client("ssm").get_automation_execution(AutomationExecutionId=execution_id)
        execution: dict[str, Any] = answer["AutomationExecution"]
        return execution

    def children(self, execution_id: str) -> list[str]:
        """Return the statuses of the executions that one started."""
        filters = [{"Key": "ParentExecutionId", "Values": [execution_id]}]
        found = self.client("ssm").describe_automation_executions(Filters=filters)["AutomationExecutionMetadataList"]
        return [str(child["AutomationExecutionStatus"]) for child in found]

    def wait(self, execution_id: str, until: Any, seconds: float = 30) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            execution = self.get(execution_id)
            if until(execution):
                return execution
            time.sleep(0.02)
        raise AssertionError(f"the execution did not get there in {seconds} s: {execution}")

    def finish(self, execution_id: str) -> dict[str, Any]:
        return self.wait(execution_id, lambda execution: execution["AutomationExecutionStatus"] in self.final)


@pytest.fixture(scope="module")  # not longer: a process holds one cloud at a time
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    cloud = Cloud(
        CloudSettings(
            region=REGION,
            listen=(("127.0.0.1", 0),),
            state_folder=tmp_path_factory.mktemp("state"),
            instant_hosts=True,
            long_poll=0.3,
        )
    )
    cloud.start()
    opened = Account(cloud.url)
    yield opened
    opened.close()
    cloud.stop()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep what became of each case, for docs/fidelity.md."""
    outcome: Any = yield
    report = outcome.get_result()
    case = getattr(getattr(item, "callspec", None), "params", {}).get("case")
    if report.when == "call" and case is not None:
        item.config.stash.setdefault(_KEPT, {})[case.id] = report.outcome


_KEPT = pytest.StashKey[dict[str, str]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results over those of earlier runs."""
    kept = session.config.stash.get(_KEPT, {})
    if kept:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        earlier = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        RESULTS.write_text(json.dumps(earlier | kept, indent=1, sort_keys=True) + "\n")
