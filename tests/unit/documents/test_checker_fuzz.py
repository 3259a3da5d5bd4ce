"""Whatever a document holds, the checker answers with findings, never with a traceback."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehearsal.documents import (
    Document,
    DocumentError,
    ServiceRejection,
    load_document,
    load_text,
    validate_for_service,
)
from rehearsal.documents.library import Library
from rehearsal.documents.lint.run import check_document
from rehearsal.documents.plan import PlanError, plan_runbook
from rehearsal.documents.plan.render import plan_as_json, plan_as_mermaid, render_plan
from rehearsal.documents.registry import document_rules, library_rules, rule_folders

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from rehearsal.documents.rule import LibraryRule

WORDS = st.sampled_from(
    [
        *(
            "schemaVersion",
            "0.3",
            "2.2",
            "1.0",
            "mainSteps",
            "parameters",
            "variables",
            "outputs",
            "assumeRole",
            "inputs",
        ),
        *(
            "name",
            "action",
            "type",
            "default",
            "allowedPattern",
            "allowedValues",
            "aws:branch",
            "aws:loop",
            "aws:sleep",
        ),
        *(
            "aws:executeScript",
            "aws:executeAwsApi",
            "aws:runCommand",
            "aws:runShellScript",
            "aws:updateVariable",
            "Choices",
        ),
        *(
            "nextStep",
            "onFailure",
            "onCancel",
            "step:A",
            "A",
            "{{ A.B }}",
            "{{ x",
            "{{ variable:v }}",
            "Steps",
            "Iterators",
        ),
        *(
            "runCommand",
            "Script",
            "Handler",
            "Runtime",
            "python3.12",
            "def f(",
            "Service",
            "Api",
            "ec2",
            "DescribeInstances",
        ),
        *("Selector", "$.a[?(@.b=='c')]", "Name", "Type", "StringList", "precondition", "StringEquals", "platformType"),
        *(
            "Targets",
            "DocumentName",
            "Parameters",
            "Duration",
            "PT1S",
            "(",
            "[a-",
            "(?P<x",
            "minItems",
            "isEnd",
            "true",
        ),
        *(
            "DesiredValues",
            "PropertySelector",
            "$.Reservations[0]",
            "InputPayload",
            "timeoutSeconds",
            "inputs",
            "aws:pause",
        ),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=5),
    max_leaves=25,
)


def _examples() -> list[dict[str, Any]]:
    elsewhere = {"l001_readable", "l002_size", "l013_document_resources"}
    folders = [folder for folder in rule_folders() if folder.name not in elsewhere]
    paths = [folder / name for folder in folders for name in ("good.yaml", "bad.yaml")]
    return [load_document(path).content for path in paths if path.is_file()]


EXAMPLES = _examples()
QUIET = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIBRARY_RULES: list[LibraryRule] = [rule for rule in library_rules() if rule.id != "C010"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@st.composite
def broken_examples(draw: st.DrawFn) -> dict[str, Any]:
    """An example document in which a few values were replaced by something else."""
    content: Any = copy.deepcopy(draw(st.sampled_from(EXAMPLES)))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(content)[1:] or [()]))
        target = content
        try:
            for part in path[:-1]:
                target = target[part]
            if path:
                target[path[-1]] = draw(VALUES)
        except (KeyError, IndexError, TypeError):
            continue
    assert isinstance(content, dict)
    return content


def check_everything(document: Document) -> None:
    check_document(document, document_rules())
    for rule in LIBRARY_RULES:
        list(rule.check(Library((document, document))))
    try:
        plan = plan_runbook(document)
    except PlanError:
        return
    render_plan(plan)
    plan_as_json(plan)
    plan_as_mermaid(plan)


@QUIET
@given(broken_examples())
def test_a_document_with_values_of_any_kind_is_answered_with_findings(content: dict[str, Any]) -> None:
    check_everything(load_text(json.dumps(content), name="Fuzzed", format="JSON"))


@QUIET
@given(st.dictionaries(WORDS, VALUES, max_size=6))
def test_a_document_of_random_shape_is_answered_with_findings(content: dict[str, Any]) -> None:
    check_everything(load_text(json.dumps(content), name="Fuzzed", format="JSON"))


@QUIET
@given(broken_examples(), st.sampled_from(["Automation", "Command", "Session", "Policy", "Package", "ChangeCalendar"]))
def test_the_service_accepts_or_rejects(content: dict[str, Any], document_type: str) -> None:
    text = json.dumps(content)
    rejection: ServiceRejection | None = None
    try:
        validate_for_service(text, format="JSON", document_type=document_type, name="Fuzzed")
    except ServiceRejection as error:
        rejection = error
    assert rejection is None or rejection.code.startswith(("Invalid", "MaxDocumentSizeExceeded"))
    assert rejection is None or rejection.message


def read_and_check(load: Callable[[], Document]) -> DocumentError | None:
    try:
        document = load()
    except DocumentError as error:
        return error
    check_everything(document)
    return None


MARKS = "{}[]:,-&*!|>#'\"\n\t ab1"


@QUIET
@given(st.text(max_size=200) | st.text(alphabet=MARKS, max_size=120), st.sampled_from(["YAML", "JSON"]))
def test_text_of_any_kind_is_read_or_refused(text: str, kind: Any) -> None:
    refused = read_and_check(lambda: load_text(text, name="Fuzzed", format=kind))
    assert refused is None or (refused.place.line >= 1 and refused.message)


@QUIET
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "document.yaml"
    path.write_bytes(data)
    refused = read_and_check(lambda: load_document(path))
    assert refused is None or refused.place.file == str(path)
