from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.scenarios.model import load_common, load_scenario, load_scenarios
from rehearsal.scenarios.problems import ScenarioError

ROOT = Path(__file__).resolve().parents[3]
COMMON = """
base_url: https://shop.test
probes:
  - name: ready
    http: {url: "https://shop.test/readyz"}
"""
SCENARIO = """
runbook: Example-Restart
description: Restarting loses nothing.
steady_state: [ready]
expect: {status: Success}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "common.yaml").write_text(COMMON)
    (tmp_path / "restart.yaml").write_text(SCENARIO)
    return tmp_path


def problem_of(folder: Path, text: str) -> str:
    (folder / "restart.yaml").write_text(text)
    with pytest.raises(ScenarioError) as raised:
        load_scenario(folder / "restart.yaml", load_common(folder))
    return str(raised.value)


def test_every_scenario_of_this_library_is_read() -> None:
    common = load_common(ROOT / "scenarios")
    scenarios = load_scenarios(ROOT / "scenarios", common)
    silent = [scenario.runbook for scenario in scenarios if scenario.load and scenario.expect.requests_lost is None]
    taken_away = ("-Simulate", "-ScaleVertically")  # while a fault lasts, or a host is off, requests are lost
    assert [runbook for runbook in silent if not any(part in runbook for part in taken_away)] == []
    assert scenarios


def test_defaults_are_filled_in(folder: Path) -> None:
    (folder / "restart.yaml").write_text(SCENARIO + "load: {requests_per_second: 5, paths: [/]}\n")
    scenario = load_scenario(folder / "restart.yaml", load_common(folder))
    assert scenario.name == "restart"
    assert scenario.load is not None
    assert (scenario.load.before_seconds, scenario.load.timeout_seconds) == (3, 10)
    assert scenario.expect.requests_lost is None


def test_an_unknown_key_is_named_with_its_line(folder: Path) -> None:
    message = problem_of(folder, SCENARIO.replace("status: Success", "status: Success, requets_lost: 0"))
    assert "restart.yaml:5: expect: " in message
    assert "'requets_lost' was unexpected" in message


def test_a_wrong_type_deep_in_a_list_is_named_with_its_line(folder: Path) -> None:
    text = f"{SCENARIO}checks:\n  - name: one\n    host:\n      at: web\n      command: 'true'\n      code: many\n"
    assert "restart.yaml:11: checks[0].host.code: 'many' is not of type 'integer'" in problem_of(folder, text)


def test_all_problems_of_a_file_are_told_at_once(folder: Path) -> None:
    message = problem_of(folder, "runbook: Example-Restart\nexpect: {status: Maybe}\n")
    assert "'description' is a required property" in message
    assert "'Maybe' is not one of" in message


def test_a_probe_that_nobody_defines_is_named_with_those_that_are(folder: Path) -> None:
    message = problem_of(folder, SCENARIO.replace("[ready]", "[ready, awake]"))
    assert "awake" in message
    assert "it defines ready" in message


def test_a_question_in_sql_needs_a_way_to_ask_it(folder: Path) -> None:
    text = f"{SCENARIO}checks:\n  - {{name: rows, sql: {{statement: SELECT 1, answer: {{equals: '1'}}}}}}\n"
    assert "sql:" in problem_of(folder, text)


def test_a_baseline_without_a_load_measures_nothing(folder: Path) -> None:
    text = f"{SCENARIO}baseline: {{description: the old way, host: web, command: 'true'}}\n"
    assert "'load' is a required property" in problem_of(folder, text)


def test_text_that_is_no_yaml_is_an_error_of_the_file(folder: Path) -> None:
    assert "restart.yaml: not YAML" in problem_of(folder, "runbook: [")
    assert "restart.yaml: not YAML" in problem_of(folder, "runbook: 2026-02-31")


def test_bytes_that_are_no_text_are_an_error_of_the_file(folder: Path) -> None:
    (folder / "restart.yaml").write_bytes(b"runbook: \xff")
    with pytest.raises(ScenarioError, match=r"restart\.yaml: not UTF-8 text"):
        load_scenario(folder / "restart.yaml", load_common(folder))


def test_yaml_that_is_nested_deeply_is_an_error_of_the_file(folder: Path) -> None:
    deep = f"parameters: {{A: {'[' * 2000}{']' * 2000}}}\n"
    assert "restart.yaml: nested too deeply" in problem_of(folder, SCENARIO + deep)


def test_a_probe_may_be_defined_once_only(folder: Path) -> None:
    (folder / "common.yaml").write_text(COMMON + '  - name: ready\n    http: {url: "https://shop.test/"}\n')
    with pytest.raises(ScenarioError, match="defined twice: ready"):
        load_common(folder)


@pytest.mark.parametrize("name", ["restart", "Example-Restart"])
def test_scenarios_are_chosen_by_their_own_name_or_their_runbooks(folder: Path, name: str) -> None:
    (folder / "other.yaml").write_text(SCENARIO.replace("Example-Restart", "Example-Other"))
    chosen = load_scenarios(folder, load_common(folder), [name])
    assert [scenario.runbook for scenario in chosen] == ["Example-Restart"]


def test_choosing_what_is_not_there_names_what_is(folder: Path) -> None:
    with pytest.raises(ScenarioError, match=r"named Example-Rest; there are Example-Restart, restart"):
        load_scenarios(folder, load_common(folder), ["Example-Rest"])


def test_the_core_suite_has_those_that_say_so_and_the_full_one_has_all(folder: Path) -> None:
    (folder / "short.yaml").write_text(SCENARIO + "suite: core\n")
    common = load_common(folder)
    assert [scenario.name for scenario in load_scenarios(folder, common, suite="core")] == ["short"]
    assert [scenario.name for scenario in load_scenarios(folder, common, suite="full")] == ["restart", "short"]
    assert [scenario.name for scenario in load_scenarios(folder, common, ["restart"], suite="core")] == ["restart"]


def test_actions_and_faults_are_read_in_their_order(folder: Path) -> None:
    text = """
before:
  - runbook: {name: Example-Deploy, known_as: deploy}
  - host: {at: web, command: 'true'}
faults:
  - name: the host is away
    inject: [{aws: {service: ec2, operation: stop_instances}}]
    mend: [{aws: {service: ec2, operation: start_instances}}]
    expect: {status: Success, outputs: {decide.Cause: {answer: {contains: stopped}}}}
"""
    (folder / "restart.yaml").write_text(SCENARIO + text)
    scenario = load_scenario(folder / "restart.yaml", load_common(folder))
    assert [action.kind for action in scenario.before] == ["runbook", "host"]
    [fault] = scenario.faults
    assert (fault.inject[0].settings["operation"], fault.mend[0].settings["operation"]) == (
        "stop_instances",
        "start_instances",
    )
    assert fault.expect.outputs == {"decide.Cause": {"answer": {"contains": "stopped"}}}


def test_an_action_is_of_one_kind(folder: Path) -> None:
    both = "{host: {at: web, command: 'true'}, runbook: {name: Example-Deploy}}"
    assert "restart.yaml:7: after[0]: " in problem_of(folder, f"{SCENARIO}after:\n  - {both}\n")


def test_a_fault_has_to_be_mended(folder: Path) -> None:
    text = "faults: [{name: a, inject: [{host: {at: web, command: 'true'}}], expect: {status: Success}}]\n"
    assert "'mend' is a required property" in problem_of(folder, SCENARIO + text)


def test_what_is_to_stay_needs_a_second_run_and_a_definition(folder: Path) -> None:
    assert "'second_run' is a required property" in problem_of(folder, SCENARIO + "unchanged: [units]\n")
    text = SCENARIO.replace("{status: Success}", "{status: Success, second_run: {status: Success}}")
    assert "unchanged names units, which common.yaml does not define" in problem_of(
        folder, text + "unchanged: [units]\n"
    )


def test_loss_may_be_allowed_by_path(folder: Path) -> None:
    text = SCENARIO.replace("status: Success", "status: Success, requests_lost: {/: 0}")
    (folder / "restart.yaml").write_text(text)
    assert load_scenario(folder / "restart.yaml", load_common(folder)).expect.requests_lost == {"/": 0}
