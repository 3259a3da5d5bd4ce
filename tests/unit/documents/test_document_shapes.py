"""Selectors, patterns, flow and scripts: the parts that several rules stand on."""

from __future__ import annotations

import ast

import pytest

from rehearsal.documents import load_text
from rehearsal.documents.aws.services import operation
from rehearsal.documents.command import CommandDocument
from rehearsal.documents.references import has_reference, references_in
from rehearsal.documents.runbook import Runbook
from rehearsal.documents.shapes.flow import cycles, reachable
from rehearsal.documents.shapes.patterns import PatternError, compiled, is_anchored, matches, refused_by_re2
from rehearsal.documents.shapes.python_scripts import functions, required_payload, returned_keys
from rehearsal.documents.shapes.selectors import SelectorError, parse_selector, walk


@pytest.mark.parametrize(
    "selector",
    [
        "$.Stacks[0].StackStatus",
        "$.Reservations..Instances[?(@.State.Name != 'running')].ImageId",
        "$",
        "$..InstanceId",
        "$.a[*].b",
        "$.a[0:2]",
        "$.a[-1]",
        "$['a b'].c",
        "$.AutomationExecution.Outputs.'step.ImageId'[0]",
        "$.Payload.some-key",
        ".a.b",
        '$.Tags[?(@.Key == "aws:x")].Value',
    ],
)
def test_selectors_that_automation_reads(selector: str) -> None:
    assert isinstance(parse_selector(selector), list)


@pytest.mark.parametrize(
    "selector", ["", "a.b", "$.a[0", "$.a[?(@.b == 'c' && @.d == 'e')]", "$.a b", "$[", "$.", "$.a[x]"]
)
def test_selectors_that_automation_does_not_read(selector: str) -> None:
    with pytest.raises(SelectorError):
        parse_selector(selector)


def test_a_selector_is_followed_through_the_output_of_an_operation() -> None:
    model = operation("ec2", "DescribeInstances")
    assert model is not None
    shape, missing = walk(model.output_shape, parse_selector("$.Reservations[0].Instances[0].State.Name"))
    assert (shape.type_name, missing) == ("string", None)
    assert walk(model.output_shape, parse_selector("$.Reservations[0].Instance[0]"))[1] == "Instance"
    assert walk(model.output_shape, parse_selector("$.Reservations..Nothing")) == (None, None)
    assert walk(model.output_shape, parse_selector("$.ResponseMetadata.RequestId")) == (None, None)
    listed, _ = walk(model.output_shape, parse_selector("$.Reservations"))
    assert listed.type_name == "list"


@pytest.mark.parametrize(
    ("pattern", "anchored"),
    [
        ("^[a-z]+$", True),
        (r"\A[a-z]+\z", True),
        ("^(a|b)$", True),
        ("^a$|^b$", True),
        ("(^a$)|(^b$)", True),
        ("^a|b$", False),
        ("[a-z]+", False),
        (r"^a\$", False),
        ("^[$|]", False),
        ("(?:^a$|^b$)", True),
        ("(" * 5000 + "^a$" + ")" * 5000, False),
    ],
)
def test_a_pattern_is_anchored_when_each_of_its_alternatives_is(pattern: str, anchored: bool) -> None:
    assert is_anchored(pattern) is anchored


@pytest.mark.parametrize(
    ("pattern", "lacking"),
    [
        ("^(?!x)a$", "look-ahead"),
        ("^(?<=x)a$", "look-behind"),
        (r"^(a)\1$", "back-references"),
        ("^a++$", "possessive quantifiers"),
        ("^[(?=]+$", None),
        (r"^(?P<name>a)[0-9]{1,3}$", None),
    ],
)
def test_what_re2_lacks_is_named(pattern: str, lacking: str | None) -> None:
    assert refused_by_re2(pattern) == lacking


def test_patterns_are_tried_as_far_as_they_can_be() -> None:
    assert matches("^a+$", "aaa") is True
    assert matches("^a+$", "b") is False
    assert matches(r"^\p{Alpha}+$", "abc") is True
    assert matches(r"^\p{IsGreek}+$", "abc") is None
    assert matches(r"^[\w-\/]+$", "a-b/c") is True
    assert matches("^(a+)+$", "a" * 40 + "b") is None
    with pytest.raises(PatternError):
        compiled("^[a-z+$")


def test_references_have_no_space_inside_and_know_their_place() -> None:
    text = "a {{ODBC Driver 18 for SQL Server}}\n  {{ Step.Output }} {{X}}"
    found = list(references_in({"k": [text]}, ()))
    assert [(reference.name, reference.line_and_column) for reference in found] == [
        ("Step.Output", (2, 3)),
        ("X", (2, 21)),
    ]
    assert [reference.whole for reference in references_in([" {{ X }} ", "{{X}}-"], ())] == [True, False]
    assert has_reference({"a": ["{{ x }}"]})
    assert not has_reference({"{{ x }}": 1})


FLOW = """
schemaVersion: "0.3"
mainSteps:
  - name: A
    action: aws:branch
    inputs: {Choices: [{NextStep: C, Variable: x, StringEquals: y}], Default: B}
  - {name: B, action: "aws:sleep", isEnd: true, onFailure: "step:D", inputs: {}}
  - name: C
    action: aws:loop
    onFailure: Continue
    inputs: {Iterators: [a], Steps: [{name: I, action: "aws:sleep"}]}
  - {name: D, action: "aws:sleep", onCancel: "step:E", nextStep: F, inputs: {}}
  - {name: E, action: "aws:sleep", nextStep: D, inputs: {}}
  - {name: F, action: "aws:sleep", isEnd: true, inputs: {}}
  - {name: G, action: "aws:sleep", inputs: {}}
"""


def test_flow_follows_choices_failures_cancels_and_loops() -> None:
    runbook = Runbook(load_text(FLOW, name="Flow", format="YAML"))
    assert [step.name for step in runbook.steps] == ["A", "B", "C", "I", "D", "E", "F", "G"]
    assert reachable(runbook, "A") == {"A", "B", "C", "I", "D", "E", "F"}
    assert reachable(runbook, "D", cancel=False) == {"D", "F"}
    assert list(cycles(runbook)) == []
    circle = FLOW.replace('onFailure: "step:D"', 'onFailure: "step:A"')
    found = list(cycles(Runbook(load_text(circle, name="Flow", format="YAML"))))
    assert [[name for name, _ in cycle] for cycle in found] == [["A", "B"]]


def test_flags_are_read_as_awss_own_documents_write_them() -> None:
    text = 'schemaVersion: "0.3"\nmainSteps:\n  - {name: A, isEnd: "true", isCritical: "false", onFailure: Continue}\n'
    step = Runbook(load_text(text, name="Flags", format="YAML")).steps[0]
    assert (step.is_end, step.is_critical) == (True, False)


def test_a_line_of_a_script_is_found_in_the_item_that_it_stands_in() -> None:
    text = 'schemaVersion: "2.2"\nmainSteps:\n  - name: A\n    action: aws:runShellScript\n'
    text += "    inputs:\n      RunCommand: ['#!/bin/sh', \"a\\nb\\n\", c]\n"
    (script,) = CommandDocument(load_text(text, name="Run", format="YAML")).shell_scripts
    assert script.text == "#!/bin/sh\na\nb\n\nc\n"
    assert [script.at(line)[0][-1] for line in range(1, 6)] == [0, 1, 1, 1, 2]
    assert script.at(3) == (("mainSteps", 0, "inputs", "RunCommand", 1), 2)
    assert script.is_shell


def test_payloads_of_scripts_are_read_from_their_handlers() -> None:
    source = """
def handler(events, context):
    name = events["Name"]
    size = events["Size"] if "Size" in events else 1
    try:
        kind = events["Kind"]
    except KeyError:
        kind = ""
    def inner():
        return {"Inner": 1}
    if name:
        return {"A": 1, "B": events.get("C")}
    return {"D": 1}

def dynamic(events, context):
    return dict(a=1)
"""
    found = functions(ast.parse(source))
    assert set(required_payload(found["handler"])) == {"Name"}
    assert returned_keys(found["handler"]) == {"A", "B", "D"}
    assert returned_keys(found["dynamic"]) is None
