"""Parameters of the command line: their two forms, and the values that they stand for."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.documents.given import GivenError, read_parameters
from rehearsal.documents.shapes.given_values import type_problem, typed


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ("", {}),
        ("StackName=shop", {"StackName": "shop"}),
        ("StackName=shop, Mode=a=b", {"StackName": "shop", "Mode": "a=b"}),
        ("Id=1,Id=2,Id=3", {"Id": ["1", "2", "3"]}),
        ("Cidrs=10.0.0.0/8,::/0, fd00::/8,Mode=x", {"Cidrs": ["10.0.0.0/8", "::/0", "fd00::/8"], "Mode": "x"}),
        ("Empty=", {"Empty": ""}),
        (' {"Cidrs": ["10.0.0.0/8"], "Tags": {"a": "b"}}', {"Cidrs": ["10.0.0.0/8"], "Tags": {"a": "b"}}),
    ],
)
def test_parameters_as_they_are_written(given: str, parsed: dict[str, object]) -> None:
    assert read_parameters(given) == parsed


@pytest.mark.parametrize("given", ["StackName", "=x", "{", '{"a": }', "a,b=1"])
def test_parameters_that_cannot_be_read_are_refused(given: str) -> None:
    with pytest.raises(GivenError):
        read_parameters(given)


@pytest.mark.parametrize("levels", [33, 500, 100_000])
def test_json_that_is_nested_deeply_is_refused(levels: int) -> None:
    with pytest.raises(GivenError, match="levels"):
        read_parameters('{"a":' * levels + "1" + "}" * levels)


@pytest.mark.parametrize(
    ("value", "declared", "stands_for"),
    [
        ("shop", "String", "shop"),
        (["shop"], "String", "shop"),
        (5, "String", "5"),
        (True, "String", "true"),
        ("i-1", "AWS::EC2::Instance::Id", "i-1"),
        ("a", "StringList", ["a"]),
        (["a", "b"], "List<AWS::EC2::Instance::Id>", ["a", "b"]),
        ("True", "Boolean", True),
        (["-5"], "Integer", -5),
        ('{"a": 1}', "StringMap", {"a": 1}),
        ([{"a": 1}, '{"b": 2}'], "MapList", [{"a": 1}, {"b": 2}]),
        ('[{"a": 1}]', "MapList", [{"a": 1}]),
    ],
)
def test_a_value_is_of_the_declared_type(value: Any, declared: str, stands_for: Any) -> None:
    assert type_problem("Name", value, declared) == ""
    result = typed(value, declared)
    assert (result, type(result)) == (stands_for, type(stands_for))


@pytest.mark.parametrize(
    ("value", "declared", "problem"),
    [
        (None, "String", "Name is a String, not nothing"),
        ({"a": 1}, "String", "Name is a String, not a mapping"),
        (["a", "b"], "String", "Name is a String and takes one value, not 2"),
        ([["a"]], "String", "Name is a String, not a list"),
        ([None], "StringList", "Name is a StringList and cannot hold nothing"),
        ("maybe", "Boolean", 'Name is a Boolean, not the text "maybe"'),
        ("1.5", "Integer", 'Name is an Integer, not the text "1.5"'),
        ("{", "StringMap", 'Name is a StringMap, not the text "{"'),
        ("[1]", "MapList", "Name is a MapList and cannot hold the number 1"),
    ],
)
def test_a_value_of_another_type_is_named(value: Any, declared: str, problem: str) -> None:
    assert type_problem("Name", value, declared) == problem
