"""`{{ssm:...}}`: fetched by the agent at run time, never a SecureString."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.agent.content import RejectedError
from rehearsal.agent.ssm_references import resolve


class Parameters:
    """A parameter store of two strings, a list and a secret."""

    stored = {  # noqa: RUF012 - never changed
        "/a/one": ("String", "1", 3),
        "two": ("String", "2;id", 1),
        "list": ("StringList", "a,b", 1),
        "secret": ("SecureString", "encrypted", 1),
    }

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def get_parameters(self, names: list[str]) -> dict[str, Any]:
        self.asked.append(names)
        found, missing = [], []
        for name in names:
            base, _, version = name.partition(":")
            if base in self.stored and version in {"", str(self.stored[base][2])}:
                kind, value, number = self.stored[base]
                found.append({"Name": base, "Type": kind, "Value": value, "Version": number})
            else:
                missing.append(name)
        return {"Parameters": found, "InvalidParameters": missing}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ssm:/a/one}}", "1"),
        ("{{ ssm:/a/one:3 }}", "1"),
        ("is {{ssm:two}} and {{ ssm:/a/one }}", "is 2;id and 1"),
        ("{{ssm:list}}", ["a", "b"]),
        ({"k": ["x{{ssm:list}}"]}, {"k": ["xa,b"]}),
        ("{{ssm-secure:secret}}", "{{ssm-secure:secret}}"),
        ("{{ other }}", "{{ other }}"),
    ],
)
def test_references_are_replaced(value: Any, expected: Any) -> None:
    assert resolve(value, Parameters()) == expected


def test_nothing_is_asked_when_nothing_is_referred_to() -> None:
    source = Parameters()
    assert resolve({"a": ["plain"]}, source) == {"a": ["plain"]}
    assert source.asked == []


def test_a_name_is_asked_for_once_and_ten_at_a_time() -> None:
    source = Parameters()
    names = [f"{{{{ssm:n{number:02}}}}}" for number in range(12)] * 2
    with pytest.raises(RejectedError):
        resolve(names, source)
    assert [len(asked) for asked in source.asked] == [10, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ssm:secret}}", r"Parameters \[secret\] of type SecureString are not supported"),
        ("{{ssm:absent}}", r"Input contains invalid parameters \[absent\]"),
        ("{{ssm:/a/one:9}}", r"Input contains invalid parameters \[/a/one:9\]"),
    ],
)
def test_what_cannot_be_resolved_fails_the_whole_command(
    executor: Any, shell_document: Any, text: str, message: str
) -> None:
    document = shell_document({"runCommand": ["echo ran"]}, {"runCommand": [f"echo {text}"]})
    with pytest.raises(RejectedError, match=message):
        executor.steps(document, aws=Parameters())


def test_without_an_endpoint_a_reference_is_rejected(executor: Any, shell_document: Any) -> None:
    with pytest.raises(RejectedError, match="needs the SSM endpoint"):
        executor.steps(shell_document({"runCommand": ["echo {{ssm:two}}"]}))


def test_a_value_that_arrives_through_a_parameter_is_held_to_its_pattern(executor: Any, shell_document: Any) -> None:
    definition = {"type": "String", "allowedPattern": "^[0-9]$"}
    document = shell_document({"runCommand": ["echo '{{ x }}'"]}, parameters={"x": definition})
    assert executor.steps(document, {"x": "{{ssm:/a/one}}"}, aws=Parameters())[0].stdout == "1\n"
    with pytest.raises(RejectedError, match="does not match the allowed pattern"):
        executor.steps(document, {"x": "{{ssm:two}}"}, aws=Parameters())


def test_a_value_that_is_written_inline_is_not(executor: Any, shell_document: Any) -> None:
    document = shell_document({"runCommand": ["echo '{{ssm:two}}'"]})
    assert executor.steps(document, aws=Parameters())[0].stdout == "2;id\n"


def test_a_secure_reference_stays_in_a_script(executor: Any, shell_document: Any) -> None:
    result = executor.steps(shell_document({"runCommand": ["echo '{{ssm-secure:secret}}'"]}), aws=Parameters())[0]
    assert result.stdout == "{{ssm-secure:secret}}\n"


def test_an_env_var_parameter_holds_the_resolved_value(executor: Any, shell_document: Any) -> None:
    definition = {"type": "String", "interpolationType": "ENV_VAR"}
    document = shell_document({"runCommand": ['echo "{{ x }}"']}, parameters={"x": definition})
    assert executor.steps(document, {"x": "{{ssm:two}}"}, aws=Parameters())[0].stdout == "2;id\n"
