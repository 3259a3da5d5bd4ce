"""Putting values in the place of references, and selecting and converting outputs (reference §4)."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.automation.encoding import encode_inputs, encode_outputs, json_text
from rehearsal.automation.errors import InvalidInputError, StepFailedError
from rehearsal.automation.outputs import convert, declared_outputs
from rehearsal.automation.references import references_in, resolve, undefined
from rehearsal.automation.runbook import OutputSpec
from rehearsal.automation.selectors import compile_selector

VALUES = {
    "text": "x",
    "list": ["a", "b"],
    "empty": [],
    "count": 3,
    "flag": False,
    "map": {"k": "v"},
    "step.Out": "out",
    "variable:name": "var",
    "global:REGION": "here",
}


def lookup(reference: str) -> Any:
    if reference not in VALUES:
        raise undefined(reference)
    return VALUES[reference]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{{ text }}", "x"),
        ("{{text}}", "x"),
        ("  {{ count }}  ", 3),
        ("{{ flag }}", False),
        ("{{ list }}", ["a", "b"]),
        ("{{ map }}", {"k": "v"}),
        ("a-{{ text }}-{{count}}-{{flag}}", "a-x-3-false"),
        ("{{ list }}!", '["a","b"]!'),
        ("{{ map }}!", '{"k":"v"}!'),
        ("{{ step.Out }}/{{ variable:name }}/{{global:REGION}}", "out/var/here"),
        (["{{ list }}"], ["a", "b"]),
        (["{{ list }}", "c"], ["a", "b", "c"]),
        (["{{ empty }}"], []),
        ([["{{ list }}"]], [["a", "b"]]),
        ({"{{ text }}": "{{ text }}"}, {"{{ text }}": "x"}),
        ("Driver={{ODBC Driver 18 for SQL Server}}", "Driver={{ODBC Driver 18 for SQL Server}}"),
        (5, 5),
        (None, None),
    ],
)
def test_resolving(written: Any, expected: Any) -> None:
    assert resolve(written, lookup) == expected


def test_what_nothing_defines_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match=r"nobody\.Knows is not defined in the Automation Document"):
        resolve({"a": ["{{ nobody.Knows }}"]}, lookup)


def test_replacing_does_not_go_on_in_what_was_replaced() -> None:
    assert resolve("{{ a }} {{ a }}", lambda _: "{{ b }}") == "{{ b }} {{ b }}"


def test_references_are_found_anywhere() -> None:
    assert references_in({"a": ["{{ x }}", {"b": "y {{ z.W }}"}], "c": 1}) == {"x", "z.W"}


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("x", "String", "x"),
        (5, "String", "5"),
        (True, "String", "true"),
        (["x"], "String", "x"),
        ([5], "Integer", 5),
        ([True], "Boolean", True),
        ("5", "Integer", 5),
        ("-5", "Integer", -5),
        ("False", "Boolean", False),
        ("x", "StringList", ["x"]),
        (5, "StringList", ["5"]),
        (True, "StringList", ["true"]),
        ([1, "a", False], "StringList", ["1", "a", "false"]),
        ([{"k": 1}], "StringList", ['{"k":1}']),
        ({"k": [1]}, "StringMap", {"k": [1]}),
        ([{"k": "v"}], "MapList", [{"k": "v"}]),
        ([], "MapList", []),
    ],
)
def test_documented_conversions(value: Any, kind: str, expected: Any) -> None:
    assert convert(value, kind) == expected
    assert type(convert(value, kind)) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (["x", "y"], "String"),
        ([], "String"),
        ({"k": 1}, "String"),
        (None, "String"),
        ("five", "Integer"),
        (True, "Integer"),
        (1.5, "Integer"),
        (1, "Boolean"),
        ("yes", "Boolean"),
        ({"k": 1}, "StringList"),
        (None, "StringList"),
        ("{}", "StringMap"),
        (["x"], "MapList"),
        ({"k": 1}, "MapList"),
    ],
)
def test_other_conversions_are_refused(value: Any, kind: str) -> None:
    with pytest.raises(ValueError, match=f"cannot be converted to {kind}"):
        convert(value, kind)


ANSWER = {
    "R": [{"I": [{"id": "1", "s": "on"}, {"id": "2", "s": "off"}]}, {"I": [{"id": "3", "s": "on"}]}],
    "a.b": ["dot"],
}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("$.R[0].I[1].id", "2"),
        ("R[0].I[1].id", "2"),
        ("$.'a.b'[0]", "dot"),
        ("$..id", ["1", "2", "3"]),
        ("$.R..I[?(@.s == 'on')].id", ["1", "3"]),
        ("$.R[*].I[0].id", ["1", "3"]),
        ("$.R[0].I[0:1].id", ["1"]),
        ("$..nothing", []),
        ("$", ANSWER),
    ],
)
def test_selectors(selector: str, expected: Any) -> None:
    assert compile_selector(selector).select(ANSWER) == expected


@pytest.mark.parametrize(
    "selector", ["$.R[?(@.s == 'on' && @.id == '1')]", "$.R[?(@.s == 'on' || @.id == '1')]", "$.R[", ""]
)
def test_selectors_that_are_not_supported(selector: str) -> None:
    with pytest.raises(InvalidInputError):
        compile_selector(selector)


def test_a_miss_fails_unless_the_member_is_optional() -> None:
    spec = (OutputSpec("V", "$.absent", "StringList"),)
    with pytest.raises(StepFailedError, match=r"Output V: the selector \$\.absent selects nothing"):
        declared_outputs(spec, {})
    assert declared_outputs(spec, {}, is_optional=lambda _: True) == {"V": []}


def test_an_absent_integer_is_never_made_up() -> None:
    with pytest.raises(StepFailedError):
        declared_outputs((OutputSpec("V", "$.absent", "Integer"),), {}, is_optional=lambda _: True)


def test_inputs_and_outputs_read_as_the_service_writes_them() -> None:
    assert encode_inputs({"A": "x", "B": False, "C": ["i"], "D": 1}) == {
        "A": '"x"',
        "B": "false",
        "C": '["i"]',
        "D": "1",
    }
    outputs = {"Id": "ami-1", "Code": 0, "List": ["a", "b"], "Maps": [{"a": 1}], "Map": {"k": "a=b"}}
    assert encode_outputs(outputs, {"Id": "ami-1", "Code": 0}) == {
        "Id": ["ami-1"],
        "Code": ["0"],
        "List": ["a", "b"],
        "Maps": ['{"a":1}'],
        "Map": ['{"k":"a\\u003db"}'],
        "OutputPayload": ['{"Id":"ami-1","Code":0}'],
    }


def test_json_is_escaped_as_gson_does() -> None:
    assert (
        json_text("<a href='x'>&</a>=é")
        == '"\\u003ca href\\u003d\\u0027x\\u0027\\u003e\\u0026\\u003c/a\\u003e\\u003dé"'
    )
