"""Measures what the automation engine costs, apart from what the steps themselves do.

Run: python benchmarks/engine.py
Figures of pure computing are CPU time, so that a busy machine does not blur them; what waits is measured by the clock.
Prints a table, compares it with the previous run (build/benchmarks/engine.json) and exits 1 when a bound is exceeded.
AWS is played inside the process, behind real boto3 clients, so that the figures are the engine's own.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from rich.console import Console
from rich.table import Table

from rehearsal.automation import AutomationEngine, Caller, EngineSettings, SqliteStore, StoredDocument
from rehearsal.automation.runbook import parse_runbook
from rehearsal.documents import validate_for_service

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT, REGION = "123456789012", "eu-central-1"
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:user/benchmark", ACCOUNT)
KEPT = Path(__file__).parents[1] / "build" / "benchmarks" / "engine.json"
FINAL = {"Success", "Failed", "TimedOut", "Cancelled"}
PAST = {"Timestamp": "2001-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Figure:
    """One line of the table. `bound` is the most that is allowed, in `unit`."""

    name: str
    value: float
    unit: str
    bound: float


class PlayedAws:
    """Sessions whose boto3 clients are answered without a network."""

    def __init__(self) -> None:
        self._boto: Any = boto3.session.Session(
            aws_access_key_id="played", aws_secret_access_key=ACCOUNT, region_name=REGION
        )
        self._clients: dict[str, Any] = {}

    def session(self, role_arn: str | None, execution_id: str, caller: Caller) -> PlayedAws:  # noqa: ARG002 - one for all
        return self

    def client(self, service: str, region: str | None = None) -> Any:
        if service not in self._clients:
            client = self._boto.client(service, region_name=region or REGION)
            client.meta.events.register("before-call", self._answer)
            self._clients[service] = client
        return self._clients[service]

    def environment(self) -> dict[str, str]:
        return {"AWS_REGION": REGION}

    def _answer(self, model: Any, params: Any, **_: Any) -> Any:
        body = json.loads(params["body"]) if params["body"] and isinstance(params["body"], bytes | str) else {}
        return AWSResponse("", 200, HTTPHeaders(), None), ANSWERS[model.name](body)


def _invocation(body: dict[str, Any]) -> dict[str, Any]:
    plugins = [{"Name": "aws:runShellScript", "Status": "Success", "ResponseCode": 0, "Output": "done"}]
    return {"CommandInvocations": [{"CommandId": body["CommandId"], "InstanceId": "i-1", "CommandPlugins": plugins}]}


ANSWERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "GetParameter": lambda body: {"Parameter": {"Name": body["Name"], "Value": "v", "Type": "String"}},
    "DescribeInstanceInformation": lambda body: {
        "InstanceInformationList": [
            {"InstanceId": instance_id, "PingStatus": "Online"} for instance_id in body["Filters"][0]["Values"]
        ]
    },
    "SendCommand": lambda body: {"Command": {"CommandId": f"{body['InstanceIds'][0]:0>36}"}},
    "ListCommands": lambda body: {"Commands": [{"CommandId": body["CommandId"], "Status": "Success"}]},
    "ListCommandInvocations": _invocation,
}


class Shelf:
    """The documents of the benchmark."""

    def __init__(self) -> None:
        self.kept: dict[str, StoredDocument] = {}

    def get(self, name_or_arn: str, version: str | None = None) -> StoredDocument:  # noqa: ARG002 - one version each
        return self.kept[name_or_arn]


class Bench:
    """One engine on a file, as the endpoint has it."""

    def __init__(self, folder: Path) -> None:
        self.shelf = Shelf()
        settings = EngineSettings(ACCOUNT, REGION, poll_seconds=(0.01, 0.05))
        self.engine = AutomationEngine(PlayedAws(), SqliteStore(folder / "executions.sqlite"), settings, self.shelf)

    def run(
        self,
        steps: list[dict[str, Any]],
        pause: float = 0.001,
        clock: Callable[[], float] = time.perf_counter,
        **request: Any,
    ) -> float:
        """Run one execution to its end, looking every `pause` seconds, and return the seconds of `clock` it took."""
        parameters = request.pop("parameters", {})
        content = {"schemaVersion": "0.3", "parameters": parameters, "mainSteps": steps}
        self.shelf.kept["Bench"] = StoredDocument("Bench", "1", content)
        begin = clock()
        execution_id = self.engine.start({"DocumentName": "Bench", **request}, CALLER)
        while True:
            record = self.engine.store.find(execution_id)
            if record is not None and record.status.value in FINAL:
                break
            time.sleep(pause)
        seconds = clock() - begin
        assert record.status.value == "Success", record.failure_message
        return seconds


def without_calls(bench: Bench) -> Figure:
    """75 steps that touch nothing."""
    steps = [{"name": f"s{n}", "action": "aws:sleep", "inputs": PAST} for n in range(75)]
    best = min(bench.run(steps, pause=0.01, clock=time.process_time) for _ in range(10))
    return Figure("a step without an AWS call", best / 75 * 1000, "ms", 0.5)


def with_call(bench: Bench) -> Figure:
    """50 steps that each make one call, its answer played at once."""
    inputs = {"Service": "ssm", "Api": "GetParameter", "Name": "/x"}
    outputs = [{"Name": "Value", "Selector": "$.Parameter.Value", "Type": "String"}]
    steps = [{"name": f"s{n}", "action": "aws:executeAwsApi", "inputs": inputs, "outputs": outputs} for n in range(50)]
    bench.run(steps[:1])
    best = min(bench.run(steps) for _ in range(3))
    return Figure("a step with one AWS call", best / 50 * 1000, "ms", 10)


def with_script(bench: Bench) -> Figure:
    """20 scripts that return at once."""
    inputs = {
        "Runtime": "python3.11",
        "Handler": "h",
        "Script": "def h(events, context):\n    return events",
        "InputPayload": {"n": 1},
    }
    steps = [{"name": f"s{n}", "action": "aws:executeScript", "inputs": inputs} for n in range(20)]
    bench.run(steps[:1])
    best = min(bench.run(steps) for _ in range(3))
    return Figure("executeScript above the script's own time", best / 20 * 1000, "ms", 15)


def thousand_targets(bench: Bench) -> list[Figure]:
    """1,000 targets under rate control, each running a command on a simulated host."""
    command = {
        "DocumentName": "AWS-RunShellScript",
        "InstanceIds": ["{{ InstanceId }}"],
        "Parameters": {"commands": ["true"]},
    }
    steps = [
        {
            "name": "look",
            "action": "aws:executeAwsApi",
            "inputs": {"Service": "ssm", "Api": "GetParameter", "Name": "/x"},
        },
        {"name": "act", "action": "aws:runCommand", "inputs": command},
        {"name": "end", "action": "aws:sleep", "inputs": PAST},
    ]
    targets = [{"InstanceId": [f"i-{n:017x}"]} for n in range(1000)]
    seconds = bench.run(
        steps,
        pause=0.1,
        parameters={"InstanceId": {"type": "String"}},
        TargetMaps=targets,
        MaxConcurrency="100",
        MaxErrors="0",
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure("1,000 targets under rate control", seconds, "s", 60),
        Figure("memory at its peak, meanwhile", memory, "MB", 500),
    ]


def parse_and_check() -> Figure:
    """A document of 75 steps, from JSON text to a checked runbook."""
    inputs = {"Service": "ssm", "Api": "GetParameter", "Name": "{{ Name }}"}
    outputs = [{"Name": "Value", "Selector": "$.Parameter.Value", "Type": "String"}]
    steps = [{"name": f"s{n}", "action": "aws:executeAwsApi", "inputs": inputs, "outputs": outputs} for n in range(75)]
    content = {"schemaVersion": "0.3", "parameters": {"Name": {"type": "String"}}, "mainSteps": steps}
    text = json.dumps(content)

    def once() -> float:
        begin = time.process_time()
        checked = validate_for_service(text, format="JSON", document_type="Automation", name="Bench")
        parse_runbook(checked.content)
        return time.process_time() - begin

    return Figure("75 steps parsed and checked", min(once() for _ in range(5)) * 1000, "ms", 50)


def show(figures: list[Figure], earlier: dict[str, float]) -> None:
    """Print the table."""
    table = Table("what", "now", "at most", "before", title="Automation engine")
    for figure in figures:
        before = earlier.get(figure.name)
        change = (
            "" if before is None else f"{before:.2f} ({(figure.value / before - 1) * 100:+.0f} %)" if before else "0"
        )
        style = "red" if figure.value > figure.bound else None
        table.add_row(
            figure.name, f"{figure.value:.2f} {figure.unit}", f"{figure.bound:g} {figure.unit}", change, style=style
        )
    Console().print(table)


def main() -> int:
    """Measure, compare and keep."""
    with TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        figures = [
            without_calls(bench),
            with_call(bench),
            with_script(bench),
            parse_and_check(),
            *thousand_targets(bench),
        ]
        bench.engine.close()
    earlier = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    show(figures, earlier)
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps({figure.name: round(figure.value, 4) for figure in figures}, indent=1) + "\n")
    return int(any(figure.value > figure.bound for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
