"""Parameters of a start: what is taken, what is refused (reference §1.2, §1.3)."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.automation.errors import ApiError
from rehearsal.automation.parameters import initial_variables, typed_parameters
from rehearsal.automation.runbook import parse_runbook

STEP = {"name": "a", "action": "aws:sleep", "inputs": {"Duration": "PT1S"}}


def values(definition: dict[str, Any], *texts: str) -> Any:
    """The value of the parameter `P`."""
    runbook = parse_runbook({"schemaVersion": "0.3", "parameters": {"P": definition}, "mainSteps": [STEP]})
    return typed_parameters(runbook, {"P": list(texts)} if texts else {})["P"]


@pytest.mark.parametrize(
    ("definition", "texts", "expected"),
    [
        ({"type": "String"}, ["x"], "x"),
        ({"type": "StringList"}, ["a", "b"], ["a", "b"]),
        ({"type": "Boolean"}, ["true"], True),
        ({"type": "Boolean"}, ["False"], False),
        ({"type": "Integer"}, ["-5"], -5),
        ({"type": "StringMap"}, ['{"k": ["v"]}'], {"k": ["v"]}),
        ({"type": "MapList"}, ['{"k": "1"}', '{"k": "2"}'], [{"k": "1"}, {"k": "2"}]),
        ({"type": "MapList"}, ['[{"k": "1"}]'], [{"k": "1"}]),
        ({"type": "AWS::EC2::Instance::Id"}, ["i-1"], "i-1"),
        ({"type": "List<AWS::EC2::Instance::Id>"}, ["i-1", "i-2"], ["i-1", "i-2"]),
        ({"type": "String", "default": "d"}, [], "d"),
        ({"type": "AWS::IAM::Role::Arn", "default": ""}, [], ""),
        ({"type": "Integer", "default": 5}, [], 5),
        ({"type": "Integer", "allowedValues": [1, 2]}, ["2"], 2),
        ({"type": "String", "allowedPattern": "^$|^[a-z]+$"}, ["abc"], "abc"),
        ({"type": "StringList", "minItems": 2, "maxItems": 2}, ["a", "b"], ["a", "b"]),
        ({"type": "String", "minChars": 1, "maxChars": 3}, ["abc"], "abc"),
    ],
)
def test_taken(definition: dict[str, Any], texts: list[str], expected: Any) -> None:
    found = values(definition, *texts)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("definition", "texts", "message"),
    [
        ({"type": "String"}, [], "Missing required parameter: P in user inputs."),
        ({"type": "String"}, ["a", "b"], "takes one value"),
        ({"type": "Boolean"}, ["yes"], "not a Boolean"),
        ({"type": "Integer"}, ["3.14"], "not an Integer"),
        ({"type": "StringMap"}, ["[1]"], "one JSON map"),
        ({"type": "StringMap"}, ["{"], "one JSON map"),
        ({"type": "MapList"}, ["x"], "one JSON map per value"),
        ({"type": "MapList"}, ["[1]"], "one JSON map per value"),
        ({"type": "String", "allowedValues": ["a", "b"]}, ["c"], 'Parameter "P" has value "c" not found in [a, b].'),
        ({"type": "StringList", "allowedValues": ["a"]}, ["a", "c"], 'has value "c" not found'),
        ({"type": "String", "allowedPattern": "[a-z]+"}, ["a;b"], "not matching"),
        ({"type": "String", "allowedPattern": "^[a-z]+$"}, ["ab\n"], "not matching"),
        ({"type": "StringList", "allowedPattern": "[a-z]+"}, ["a", "1"], "not matching"),
        ({"type": "String", "allowedPattern": "("}, ["a"], "cannot be evaluated"),
        ({"type": "StringList", "minItems": 2}, ["a"], "the least is 2"),
        ({"type": "StringList", "maxItems": 1}, ["a", "b"], "the most is 1"),
        ({"type": "String", "minChars": 2}, ["a"], "the least is 2"),
        ({"type": "String", "maxChars": 2}, ["abc"], "the most is 2"),
    ],
)
def test_refused(definition: dict[str, Any], texts: list[str], message: str) -> None:
    with pytest.raises(ApiError) as caught:
        values(definition, *texts)
    assert caught.value.code == "InvalidAutomationExecutionParametersException"
    assert message in caught.value.message


def test_a_pattern_that_takes_for_ever_is_given_up() -> None:
    with pytest.raises(ApiError, match="takes too long"):
        values({"type": "String", "allowedPattern": "(?:(?:a|aa)+)+b!"}, "a" * 100 + "c!")


def test_java_character_classes_are_understood() -> None:
    assert values({"type": "String", "allowedPattern": r"\p{Alpha}+"}, "abc") == "abc"


def test_variables_begin_with_their_default_or_empty() -> None:
    variables = {
        "a": {"type": "String", "default": "x"},
        "b": {"type": "StringList"},
        "c": {"type": "Boolean"},
        "d": {"type": "Integer"},
        "e": {"type": "StringMap"},
    }
    runbook = parse_runbook({"schemaVersion": "0.3", "variables": variables, "mainSteps": [STEP]})
    assert initial_variables(runbook) == {"a": "x", "b": [], "c": False, "d": 0, "e": {}}
