"""What is done around a run."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.scenarios.actions import Actions
from rehearsal.scenarios.executions import Executions
from rehearsal.scenarios.model import Observation
from rehearsal.scenarios.observations import observe
from rehearsal.scenarios.outputs import command_outputs
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.proofs import Action
from rehearsal.scenarios.values import Values


def actions(fakes: SimpleNamespace, status: str = "Success") -> tuple[Actions, Any]:
    ssm = fakes.ssm(fakes.execution(status, FailureMessage="no such ref"))
    surroundings: Any = SimpleNamespace(executions=Executions(fakes.aws(ssm)), values=Values({"stack": "shop"}))
    return Actions(surroundings, lambda _: None), ssm


def test_a_runbook_is_run_with_its_parameters_and_known_by_its_name(fakes: SimpleNamespace) -> None:
    doer, ssm = actions(fakes)
    settings = {"name": "Example-Deploy", "parameters": {"StackName": "{{ stack }}"}, "known_as": "deploy"}
    doer.do([Action("runbook", settings)])
    assert ssm.started == [{"DocumentName": "Example-Deploy", "Parameters": {"StackName": ["shop"]}}]
    assert doer.fill("{{ known.deploy }} of {{ stack }}") == "e-1 of shop"


def test_a_runbook_that_does_not_succeed_says_why(fakes: SimpleNamespace) -> None:
    doer, _ = actions(fakes, "Failed")
    with pytest.raises(ScenarioError, match="Example-Deploy ended Failed: no such ref"):
        doer.do([Action("runbook", {"name": "Example-Deploy"})])


def test_an_aws_call_gets_its_parameters_filled_in_and_its_answer_known() -> None:
    asked: list[dict[str, Any]] = []

    def stop_instances(**more: Any) -> dict[str, Any]:
        asked.append(more)
        return {"StoppingInstances": [{"InstanceId": "i-1"}]}

    ec2 = SimpleNamespace(stop_instances=stop_instances, can_paginate=lambda _: False)
    surroundings: Any = SimpleNamespace(aws=SimpleNamespace(client=lambda _: ec2), values=Values({"web": "i-1"}))
    settings = {"service": "ec2", "operation": "stop_instances", "parameters": {"InstanceIds": ["{{ web }}"]}}
    doer = Actions(surroundings, lambda _: None)
    doer.do([Action("aws", {**settings, "query": "StoppingInstances[0].InstanceId", "known_as": "stopped"})])
    assert asked == [{"InstanceIds": ["i-1"]}]
    assert doer.fill("{{ known.stopped }}") == "i-1"


@pytest.mark.parametrize(("code", "calls"), [("IncorrectInstanceState", 2), ("UnauthorizedOperation", 1)])
def test_an_instance_between_two_states_is_asked_again(monkeypatch: pytest.MonkeyPatch, code: str, calls: int) -> None:
    monkeypatch.setattr("rehearsal.scenarios.actions.POLL_SECONDS", 0)
    asked: list[str] = []

    def start_instances() -> dict[str, Any]:
        asked.append("start")
        if len(asked) == 1:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "StartInstances")
        return {}

    ec2 = SimpleNamespace(start_instances=start_instances, can_paginate=lambda _: False)
    surroundings: Any = SimpleNamespace(aws=SimpleNamespace(client=lambda _: ec2), values=Values({}))
    problems = Actions(surroundings, lambda _: None).do_all(
        [Action("aws", {"service": "ec2", "operation": "start_instances"})]
    )
    assert len(asked) == calls
    assert bool(problems) == (calls == 1)


def test_what_an_api_answers_is_observed_without_the_request() -> None:
    answer = {"Versions": ["b", "a"], "ResponseMetadata": {"RequestId": "1"}}
    client = SimpleNamespace(list_versions=lambda: dict(answer), can_paginate=lambda _: False)
    surroundings: Any = SimpleNamespace(aws=SimpleNamespace(client=lambda _: client), values=Values({}))
    seen = observe([Observation("versions", "aws", {"service": "x", "operation": "list_versions"})], surroundings)
    assert "RequestId" not in seen["versions"]
    assert '"b"' in seen["versions"]


def test_what_cannot_be_observed_is_no_answer() -> None:
    failed = SimpleNamespace(passed=False, status="Failed", stderr="no such table", stdout="")
    common = SimpleNamespace(sql=SimpleNamespace(at="database", command="mysql -e {{ statement }}"))
    hosts = SimpleNamespace(run=lambda *_, **__: failed)
    surroundings: Any = SimpleNamespace(hosts=hosts, common=common, values=Values({}))
    with pytest.raises(ScenarioError, match="rows cannot be looked at: Failed on database: no such table"):
        observe([Observation("rows", "sql", {"statement": "SELECT 1"})], surroundings)


def test_a_plugin_with_a_name_too_short_to_ask_for_is_asked_for_without_it(fakes: SimpleNamespace) -> None:
    asked: list[dict[str, Any]] = []

    class Ssm(fakes.ssm):  # type: ignore[name-defined, misc]  # a fixture hands the class over
        def get_command_invocation(self, **request: Any) -> dict[str, Any]:
            asked.append(request)
            return {"Status": "Success", "ResponseCode": 0, "StandardOutputContent": "done"}

    plugins = [{"PluginName": "set", "Status": "Success"}]
    [output] = command_outputs(Ssm(fakes.execution("Success"), commands={"c-1": plugins}), "c-1")
    assert (output.plugin, output.stdout) == ("set", "done")
    assert asked == [{"CommandId": "c-1", "InstanceId": "i-1"}]
