"""Which steps run, and what their results become: schema 2.2's control flow as the agent carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.agent.content import RejectedError
from rehearsal.agent.preconditions import evaluate
from rehearsal.agent.results import Status, StepResult, combine, document_status, truncate

if TYPE_CHECKING:
    from pathlib import Path

FAIL = {"runCommand": ["echo out; echo err >&2; exit 1"]}
PASS = {"runCommand": ["echo passed"]}


def statuses(results: list[Any]) -> list[str]:
    return [str(result.status) for result in results]


def test_a_failed_step_does_not_stop_the_document(executor: Any, shell_document: Any) -> None:
    assert statuses(executor.steps(shell_document(FAIL, PASS))) == ["Failed", "Success"]


def test_on_failure_exit_skips_the_rest(executor: Any, shell_document: Any) -> None:
    first, second = executor.steps(shell_document({**FAIL, "onFailure": "exit"}, PASS))
    sentence = "\nStep was found to have onFailure property. Further document steps will be skipped."
    assert first.stdout == "out\n" + sentence
    assert first.stderr == "err\nfailed to run commands: exit status 1" + sentence
    assert (second.status, second.code, second.stdout) == ("Skipped", 0, "")
    assert (
        second.output
        == "Plugin with name aws:runShellScript and id two skipped due to prior step with an exit condition"
    )


def test_on_failure_success_and_exit_makes_a_success_of_it(executor: Any, shell_document: Any) -> None:
    results = executor.steps(shell_document({**FAIL, "onFailure": "successAndExit"}, PASS))
    assert statuses(results) == ["Success", "Skipped"]
    assert results[0].code == 168
    assert document_status(results) == "Success"


def test_on_success_exit_skips_the_rest(executor: Any, shell_document: Any) -> None:
    assert statuses(executor.steps(shell_document({**PASS, "onSuccess": "exit"}, PASS))) == ["Success", "Skipped"]
    failing = shell_document({**FAIL, "onSuccess": "exit"}, PASS, names=("three", "four"))
    assert statuses(executor.steps(failing)) == ["Failed", "Success"]


@pytest.mark.parametrize("value", ["Exit", "continue", "", 1, ["exit"], True])
def test_other_values_of_on_failure_mean_nothing(executor: Any, shell_document: Any, value: Any) -> None:
    assert statuses(executor.steps(shell_document({**FAIL, "onFailure": value}, PASS))) == ["Failed", "Success"]


def test_168_ends_the_document_as_a_success(executor: Any, shell_document: Any) -> None:
    results = executor.steps(shell_document({"runCommand": ["echo out; echo err >&2; exit 168"]}, PASS))
    assert statuses(results) == ["Success", "Skipped"]
    sentence = (
        "\nStep exited with code 168. Therefore, marking step as succeeded. Further document steps will be skipped."
    )
    assert (results[0].stdout, results[0].stderr) == ("out\n" + sentence, "")


def test_169_ends_the_document_as_a_failure(executor: Any, shell_document: Any) -> None:
    results = executor.steps(shell_document({"runCommand": ["exit 169"]}, PASS))
    assert statuses(results) == ["Failed", "Skipped"]
    sentence = "\nStep exited with code 169. Therefore, marking step as Failed. Further document steps will be skipped."
    assert results[0].stdout == sentence
    assert results[0].stderr == "failed to run commands: exit status 169" + sentence


@pytest.mark.parametrize("value", [True, "true"])
@pytest.mark.parametrize("first", [{**FAIL, "onFailure": "exit"}, {"runCommand": ["exit 168"]}])
def test_a_finally_step_runs_after_an_exit(executor: Any, shell_document: Any, value: Any, first: Any) -> None:
    results = executor.steps(shell_document(first, PASS, {**PASS, "finallyStep": value}))
    assert statuses(results)[1:] == ["Skipped", "Success"]


def test_a_finally_step_that_is_not_the_last_is_none(executor: Any, shell_document: Any) -> None:
    document = shell_document({**FAIL, "onFailure": "exit"}, {**PASS, "finallyStep": True}, PASS)
    assert statuses(executor.steps(document)) == ["Failed", "Skipped", "Skipped"]


@pytest.mark.parametrize("value", [False, "false", "True", "yes", 1])
def test_other_values_of_finally_step_mean_nothing(executor: Any, shell_document: Any, value: Any) -> None:
    document = shell_document({"runCommand": ["exit 169"]}, {**PASS, "finallyStep": value})
    assert statuses(executor.steps(document)) == ["Failed", "Skipped"]


@pytest.mark.parametrize(
    "extra", [{"onFailure": "exit"}, {"isEnd": True}, {"nextStep": "none"}, {"maxAttempts": 3}, {"timeoutSeconds": 5}]
)
def test_keys_beside_the_inputs_are_not_read(
    executor: Any, shell_document: Any, tmp_path: Path, extra: dict[str, Any]
) -> None:
    attempts = tmp_path / "attempts"
    document = shell_document({"runCommand": [f"echo x >> '{attempts}'; exit 1"]}, PASS)
    document["mainSteps"][0].update(extra)
    assert statuses(executor.steps(document)) == ["Failed", "Success"]
    assert attempts.read_text() == "x\n"


def test_a_reboot_stops_the_document_where_it_is(executor: Any, shell_document: Any) -> None:
    results = executor.steps(shell_document(PASS, {"runCommand": ["exit 194"]}, {**PASS, "finallyStep": True}))
    assert statuses(results) == ["Success", "SuccessAndReboot"]
    assert document_status(results) == "SuccessAndReboot"


def test_after_the_reboot_only_the_step_that_asked_runs_again(
    executor: Any, shell_document: Any, tmp_path: Any
) -> None:
    mark = tmp_path / "rebooted"
    asks = f"if [ -e {mark} ]; then echo after reboot; else touch {mark}; echo requesting reboot; exit 194; fi"
    document = shell_document({"runCommand": [f"echo x >> {tmp_path}/first"]}, {"runCommand": [asks]}, PASS)
    before = {result.name: result for result in executor.steps(document)}
    results = executor.steps(document, earlier=before)
    assert statuses(results) == ["Success", "Success", "Success"]
    assert (tmp_path / "first").read_text() == "x\n"
    assert results[1].stdout == "requesting reboot\nafter reboot\n"


def test_what_failed_before_a_reboot_is_not_run_again(executor: Any, shell_document: Any) -> None:
    earlier = {"one": StepResult("one", "aws:runShellScript", Status.FAILED, code=169)}
    assert statuses(executor.steps(shell_document(PASS, PASS), earlier=earlier)) == ["Failed", "Skipped"]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (["Success", "Skipped"], "Success"),
        (["Success", "Cancelled"], "Cancelled"),
        (["Cancelled", "TimedOut"], "TimedOut"),
        (["TimedOut", "Failed"], "Failed"),
        (["Failed", "SuccessAndReboot"], "SuccessAndReboot"),
        ([], "Success"),
    ],
)
def test_a_documents_status_comes_from_its_steps(inner: list[str], expected: str) -> None:
    assert document_status(StepResult("n", "a", Status(status)) for status in inner) == expected


@pytest.mark.parametrize("action", ["aws:noSuchAction", "runShellScript", ""])
def test_an_unknown_action_fails_the_step(executor: Any, action: str) -> None:
    document = {"schemaVersion": "2.2", "mainSteps": [{"action": action, "name": "one"}]}
    result = executor.steps(document)[0]
    assert result.status == "Failed"
    assert f"Plugin with name {action} is not supported by this version of ssm agent" in result.error


@pytest.mark.parametrize("action", ["aws:psModule", "aws:applications", "aws:cloudWatch"])
def test_what_only_windows_has_is_skipped(executor: Any, action: str) -> None:
    document = {"schemaVersion": "2.2", "mainSteps": [{"action": action, "name": "one"}]}
    result = executor.steps(document)[0]
    assert result.status == "Skipped"
    assert result.output == f"Step execution skipped due to unsupported plugin: {action}. Step name: one"


@pytest.mark.parametrize("action", ["aws:softwareInventory", "aws:configurePackage", "aws:updateSsmAgent"])
def test_what_the_stand_in_cannot_do_fails_and_says_so(executor: Any, action: str) -> None:
    document = {"schemaVersion": "2.2", "mainSteps": [{"action": action, "name": "one", "inputs": {}}]}
    result = executor.steps(document)[0]
    assert (result.status, result.code) == ("Failed", 1)
    assert "is not carried out by the stand-in agent" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["platformType", "Linux"], "Success"),
        (["linux", "platformType"], "Success"),
        (["platformType", "Windows"], "Skipped"),
        (["{{ x }}", "yes"], "Success"),
        (["no", "{{x}}"], "Skipped"),
        (["{{ x }}", "{{ x }}"], "Failed"),
        (["platformType", "platformType"], "Failed"),
        (["a", "b"], "Failed"),
        (["a"], "Failed"),
        (["a", "b", "c"], "Failed"),
        (["{{ ssm:x }}", "a"], "Failed"),
        (["{{ ssm-secure:x }}", "{{ x }}"], "Failed"),
        (["platformType", "{{ x }}"], "Failed"),
    ],
)
def test_preconditions(executor: Any, shell_document: Any, arguments: list[str], status: str) -> None:
    document = shell_document(PASS, parameters={"x": {"type": "String", "default": "yes"}})
    document["mainSteps"][0]["precondition"] = {"StringEquals": arguments}
    result = executor.steps(document)[0]
    assert result.status == status
    if status == "Failed":
        assert "Unrecognized precondition(s): " in result.error


def test_another_operator_is_not_recognized() -> None:
    assert evaluate({"StringLike": ["platformType", "L*"]}, {}) == (True, ['unrecognized operator: "StringLike"'])


def test_a_typed_parameter_in_a_precondition_is_compared_as_text(executor: Any, shell_document: Any) -> None:
    document = shell_document(PASS, parameters={"x": {"type": "Boolean", "default": True}})
    document["mainSteps"][0]["precondition"] = {"StringEquals": ["{{ x }}", "true"]}
    assert executor.steps(document)[0].status == "Success"


def test_before_schema_2_2_there_are_no_preconditions(executor: Any, shell_document: Any) -> None:
    document = {**shell_document(PASS), "schemaVersion": "2.0"}
    assert executor.steps(document)[0].status == "Success"
    document["mainSteps"][0]["precondition"] = {"StringEquals": ["platformType", "Linux"]}
    result = executor.steps(document)[0]
    assert result.status == "Failed"
    assert "Precondition is not supported for document schema version prior to 2.2" in result.error


def test_schema_1_2_runs_the_properties_of_its_plugins(executor: Any) -> None:
    properties = [{"id": "0.aws:runShellScript", "runCommand": ["echo {{ x }}"]}]
    document = {
        "schemaVersion": "1.2",
        "parameters": {"x": {"type": "String", "default": "old"}},
        "runtimeConfig": {"aws:runShellScript": {"properties": properties}},
    }
    result = executor.steps(document)[0]
    assert (result.name, result.status, result.stdout) == ("aws:runShellScript", "Success", "old\n")
    assert (executor.orchestration / "awsrunShellScript" / "0.awsrunShellScript" / "stdout").is_file()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "a document is a mapping"),
        ([], "a document is a mapping"),
        ({}, "schemaVersion must be a string"),
        ({"schemaVersion": 2.2, "mainSteps": []}, "schemaVersion must be a string such as '2.2', not number"),
        ({"schemaVersion": "0.3"}, "Document with schema version 0.3 is not supported"),
        ({"schemaVersion": "2.2"}, "Unsupported schema format"),
        ({"schemaVersion": "2.2", "mainSteps": {}}, "Unsupported schema format"),
        ({"schemaVersion": "2.2", "mainSteps": ["x"]}, "step 1 must be a mapping"),
        ({"schemaVersion": "2.2", "mainSteps": [{"name": 1}]}, "step 1: name must be a string, not number"),
        ({"schemaVersion": "2.2", "mainSteps": [{}] * 201}, "mainSteps has 201 steps"),
        ({"schemaVersion": "2.2", "mainSteps": [{"precondition": []}]}, "precondition must be a mapping"),
        (
            {"schemaVersion": "2.2", "mainSteps": [{"precondition": {"StringEquals": "a"}}]},
            "precondition StringEquals must be a list of strings",
        ),
        ({"schemaVersion": "2.2", "mainSteps": [{}], "parameters": []}, "parameters must be a mapping"),
        ({"schemaVersion": "2.2", "mainSteps": [{}], "parameters": {"x": "String"}}, "parameter x must be a mapping"),
        (
            {"schemaVersion": "2.2", "mainSteps": [{}], "parameters": {"x": {"allowedPattern": 1}}},
            "parameter x: allowedPattern must be a string",
        ),
        (
            {"schemaVersion": "2.2", "mainSteps": [{}], "parameters": {"x": {"maxChars": "many"}}},
            "parameter x: maxChars must be a whole number",
        ),
        ({"schemaVersion": "1.2", "runtimeConfig": {}}, "Unsupported schema format"),
        ({"schemaVersion": "1.2", "runtimeConfig": {"aws:x": 1}}, "each plugin must be a mapping"),
    ],
)
def test_what_is_no_document_is_rejected_before_any_step(executor: Any, content: Any, message: str) -> None:
    with pytest.raises(RejectedError) as caught:
        executor.steps(content)
    assert message in str(caught.value)


def test_a_crash_inside_a_step_is_that_steps_failure(executor: Any, shell_document: Any, monkeypatch: Any) -> None:
    def crash(*_: object, **__: object) -> None:
        raise MemoryError("no more")

    monkeypatch.setattr("rehearsal.agent.plugins.script.run_process", crash)
    first, second = executor.steps(shell_document(PASS, PASS))
    assert (first.status, first.code, first.error) == ("Failed", 1, "Plugin crashed with message no more!")
    assert second.status == "Failed"


@pytest.mark.parametrize(
    ("size", "expected"), [(23_999, 23_999), (24_000, 24_000), (24_001, 24_000), (100_000, 24_000)]
)
def test_truncation_counts_bytes_and_says_so(size: int, expected: int) -> None:
    text = truncate("x" * size)
    assert len(text) == expected
    assert text.endswith("--output truncated--") == (size >= 24_000)


def test_both_streams_in_2500_bytes() -> None:
    assert combine("out", "") == "out"
    assert combine("out", "err") == "out\n----------ERROR-------\nerr"
    for out, err in (("o" * 5000, "e" * 5000), ("o" * 5000, "e"), ("o", "e" * 5000), ("o" * 5000, "")):
        combined = combine(out, err)
        assert len(combined) <= 2_500
        assert ("---Output truncated---" in combined) == (len(out) == 5000)
        assert ("---Error truncated----" in combined) == (len(err) == 5000)


def test_of_several_sets_of_inputs_the_worst_counts(executor: Any, shell_document: Any) -> None:
    sets = [{"id": "a", "runCommand": ["exit 3"]}, {"id": "b", "runCommand": ["exit 0"]}]
    result = executor.steps(shell_document(sets))[0]
    assert (result.status, result.code) == ("Failed", 3)


def test_a_disk_that_fills_up_costs_the_files_not_the_step(
    executor: Any, shell_document: Any, monkeypatch: Any
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rehearsal.agent.output._write_all", full)
    first, second = executor.steps(shell_document(FAIL, PASS))
    assert (first.status, first.code, first.stdout) == ("Failed", 1, "out\n")
    assert (second.status, second.stdout) == ("Success", "passed\n")
    assert "step one: output is not kept: [Errno 28] No space left on device" in executor.logged
