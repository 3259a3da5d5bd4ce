from __future__ import annotations

from typing import Any

import pytest

from rehearsal.scenarios.answers import judge
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.values import Values


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ({"equals": "active"}, "active\n"),
        ({"equals": 2}, 2),
        ({"equals": {"status": "ok"}}, {"status": "ok"}),
        ({"contains": "ok"}, {"status": "ok"}),
        ({"contains": "running"}, "SubState=running"),
        ({"matches": r"^exit \d$"}, "start\nexit 0\n"),
    ],
)
def test_right_answers(wanted: dict[str, Any], actual: Any) -> None:
    assert judge(wanted, actual) == ""


@pytest.mark.parametrize(
    ("wanted", "actual"),
    [
        ({"equals": "active"}, "inactive"),
        ({"equals": 2}, "2"),
        ({"equals": ""}, "nginx.service"),
        ({"contains": "ok"}, {"status": "down"}),
        ({"matches": r"^exit \d$"}, "exit zero"),
        ({"equals": 0}, None),
    ],
)
def test_wrong_answers_are_shown(wanted: dict[str, Any], actual: Any) -> None:
    assert "got" in judge(wanted, actual)


def test_a_long_wrong_answer_is_shortened() -> None:
    sentence = judge({"equals": "x"}, "y" * 5000)
    assert "(5000 characters)" in sentence
    assert len(sentence) < 400


def test_placeholders_are_filled_wherever_strings_are() -> None:
    values = Values({"stack": "shop", "outputs": {"Web": "i-1"}})
    filled = values.fill({"a": ["{{ stack }}", 3], "b": {"c": "host {{ outputs.Web }}"}, "d": None})
    assert filled == {"a": ["shop", 3], "b": {"c": "host i-1"}, "d": None}


def test_an_unknown_placeholder_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ScenarioError, match=r"Known here: outputs, stack"):
        Values({"stack": "shop", "outputs": {}}).fill("{{ outputs.Web }}")


def test_a_placeholder_reaches_no_internals() -> None:
    with pytest.raises(ScenarioError):
        Values({"stack": "shop"}).fill("{{ stack.__class__.__mro__ }}")
