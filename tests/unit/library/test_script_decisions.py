"""Scripts that decide without asking anybody: allow-lists, drill times, reports, comparisons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def allowlist(**events: Any) -> dict[str, Any]:
    return {"Cidrs": "", "CallerAddress": "", "AllowLockOut": False, **events}


def test_an_empty_list_lets_everybody_in(script: Callable[[str], ModuleType]) -> None:
    assert script("allowlist_check").check(allowlist(), None) == {"Cidrs": "", "Count": 0}


def test_a_list_with_the_caller_in_it_is_taken(script: Callable[[str], ModuleType]) -> None:
    events = allowlist(Cidrs="203.0.113.0/24,2001:db8::/32", CallerAddress="2001:db8::7")
    assert script("allowlist_check").check(events, None)["Count"] == 2


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ({"Cidrs": "203.0.113.0/24"}, "Give CallerAddress"),
        ({"Cidrs": "203.0.113.0/24", "CallerAddress": "198.51.100.7"}, "lock out 198.51.100.7"),
        ({"Cidrs": "203.0.113.7/24", "CallerAddress": "203.0.113.7"}, "203.0.113.7/24 is not a network"),
        ({"Cidrs": "203.0.113.0/33", "AllowLockOut": True}, "203.0.113.0/33 is not a network"),
        ({"Cidrs": "2001:db8::/129", "AllowLockOut": True}, "is not a network"),
    ],
)
def test_a_list_that_would_do_harm_is_refused(
    script: Callable[[str], ModuleType], events: dict[str, Any], words: str
) -> None:
    with pytest.raises(RuntimeError, match=words):
        script("allowlist_check").check(allowlist(**events), None)


def test_somebody_who_insists_may_lock_themselves_out(script: Callable[[str], ModuleType]) -> None:
    events = allowlist(Cidrs="203.0.113.0/24", AllowLockOut=True)
    assert script("allowlist_check").check(events, None)["Cidrs"] == "203.0.113.0/24"


def test_the_undo_on_the_host_stands_behind_the_runbook(script: Callable[[str], ModuleType]) -> None:
    times = script("drill_times").times
    assert times({"DurationSeconds": "60", "Mode": "automatic"}, None) == {"UndoAfterSeconds": "120", "Hold": "PT60S"}
    assert times({"DurationSeconds": "600", "Mode": "observe-only"}, None)["UndoAfterSeconds"] == "600"


VERDICTS = dict.fromkeys(
    ["page", "redirect", "database_json", "login", "port", "application_log", "access_log", "boot"], ""
)


def verify(script: Callable[[str], ModuleType], output: str, domain: str = "shop.example.test") -> dict[str, Any]:
    answer: dict[str, Any] = script("verify_report").report({"Output": output, "DomainName": domain}, None)
    return answer


def test_eight_passed_checks_are_a_passed_table(script: Callable[[str], ModuleType]) -> None:
    answer = verify(script, "some log\n" + json.dumps(VERDICTS))
    assert answer["Passed"] is True
    assert answer["Table"].count("| passed |") == 8


def test_a_failed_check_is_named_with_its_reason(script: Callable[[str], ModuleType]) -> None:
    answer = verify(script, json.dumps({**VERDICTS, "port": "port 3306 of 10.0.2.10 is closed"}))
    assert answer["Passed"] is False
    assert answer["Failed"].startswith("5. ")
    assert "port 3306 of 10.0.2.10 is closed" in answer["Failed"]


def test_a_check_that_was_not_made_has_not_passed(script: Callable[[str], ModuleType]) -> None:
    answer = verify(script, json.dumps({key: "" for key in VERDICTS if key != "boot"}))
    assert answer["Failed"] == "8. The boot log is clean and no unit has failed: was not checked"


def test_error_output_behind_the_result_does_not_hide_it(script: Callable[[str], ModuleType]) -> None:
    output = json.dumps(VERDICTS) + "\n----------ERROR-------\nwarning: {not json"
    assert verify(script, output)["Passed"] is True


def test_output_without_a_result_is_an_error_that_shows_its_end(script: Callable[[str], ModuleType]) -> None:
    with pytest.raises(RuntimeError, match="bash: no such thing"):
        verify(script, "bash: no such thing")
    with pytest.raises(RuntimeError, match="bash: no such thing"):
        script("read_result").read({"Output": "bash: no such thing"}, None)


def test_a_result_is_the_last_object_of_the_output(script: Callable[[str], ModuleType]) -> None:
    assert script("read_result").read({"Output": '{"a":1}\n{"release":"r1"}\n'}, None) == {"release": "r1"}


def test_restored_rows_stand_beside_those_of_the_backup(script: Callable[[str], ModuleType]) -> None:
    output = json.dumps({"action": "drill", "rows": "settings=1 visits=12"})
    answer = script("compare_rows").compare({"Expected": "settings=1 visits=10", "Output": output}, None)
    assert "| visits | 10 | 12 |" in answer["Table"]


def test_a_table_that_was_not_restored_is_named(script: Callable[[str], ModuleType]) -> None:
    output = json.dumps({"rows": "settings=1"})
    with pytest.raises(RuntimeError, match="lacks the tables visitors, visits"):
        script("compare_rows").compare({"Expected": "settings=1 visits=10 visitors=0", "Output": output}, None)


def test_a_reason_ends_the_runbook(script: Callable[[str], ModuleType]) -> None:
    with pytest.raises(RuntimeError, match="because"):
        script("fail").fail({"Reason": "because"}, None)
