"""Parameters: what is taken, checked and put where, as the genuine agent was seen to do."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.agent.content import RejectedError
from rehearsal.agent.goregex import PatternError, compile_pattern
from rehearsal.agent.parameters import expand, replace

OLD_AGENT = "3.3.1142.0"


def echo(executor: Any, shell_document: Any, line: str, definition: dict[str, Any], *given: Any) -> str:
    """What a script with `line` prints, given a parameter `x` of this definition."""
    document = shell_document({"runCommand": [line]}, parameters={"x": definition})
    return str(executor.steps(document, {"x": given[0]} if given else {})[0].stdout)


def test_a_passed_parameter_with_another_name_is_dropped_and_its_default_used(
    executor: Any, shell_document: Any
) -> None:
    document = shell_document(
        {"runCommand": ["echo 'is {{ my_param }}'"]}, parameters={"my_param": {"type": "String", "default": "default"}}
    )
    assert executor.steps(document, {"my_param": "given"})[0].stdout == "is default\n"
    assert executor.logged[0] == "invalid parameter name my_param"


def test_replacement_is_textual_and_before_anything_runs(executor: Any, shell_document: Any) -> None:
    assert echo(executor, shell_document, "echo '{{x}}'; {{  x  }}", {"type": "String"}, "'; echo injected; '") == (
        "\ninjected\n"
    )


def test_unknown_names_stay_as_they_are(executor: Any, shell_document: Any) -> None:
    assert echo(executor, shell_document, "echo '{{ y }} {{x}}'", {"type": "String"}, "v") == "{{ y }} v\n"


def test_a_value_is_not_replaced_again() -> None:
    assert replace("-{{ a }}-", {"a": "{{ b }}", "b": "B"}) == "-{{ b }}-"


def test_a_name_is_not_taken_for_the_beginning_of_another() -> None:
    assert replace("{{ab}}{{a}}{{ abc }}.", {"a": "1", "ab": "2"}) == "21{{ abc }}."


def test_without_value_and_default_the_text_is_null(executor: Any, shell_document: Any) -> None:
    assert echo(executor, shell_document, "echo 'is {{ x }}'", {"type": "String"}) == "is null\n"


@pytest.mark.parametrize("value", [["a", "b"], {"k": [1]}, True, 42, "text"])
def test_a_string_that_is_only_a_reference_keeps_the_type(value: Any) -> None:
    assert replace({"in": ["{{ x }}"]}, {"x": value}) == {"in": [value]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a b", "c&d"], '["a b","c\\u0026d"]'),
        ({"k": "<v>", "a": 1}, '{"a":1,"k":"\\u003cv\\u003e"}'),
        (True, "true"),
        (42, "42"),
        (42.0, "42"),
        ([{"é": None}], '[{"é":null}]'),
    ],
)
def test_inside_a_longer_string_other_types_are_json(value: Any, text: str) -> None:
    assert replace("is {{ x }}", {"x": value}) == f"is {text}"


@pytest.mark.parametrize(
    ("value", "text"), [("a$$b", "a$b"), ("$HOME/x", "/x"), ("${y}z", "z"), ("a$1", "a"), ("$(id) $", "$(id) $")]
)
def test_dollar_signs_in_a_longer_string_are_a_go_template(value: str, text: str) -> None:
    assert replace("is {{x}}", {"x": value}) == f"is {text}"
    assert replace("{{x}}", {"x": value}) == value


def test_dollar_zero_is_what_was_matched() -> None:
    assert expand("<$0>", "{{x}}") == "<{{x}}>"


def test_a_string_list_is_the_whole_run_command(executor: Any, shell_document: Any) -> None:
    definitions = {"commands": {"type": "StringList"}}
    whole = shell_document({"runCommand": "{{ commands }}"}, parameters=definitions)
    assert executor.steps(whole, {"commands": ["echo 1", "echo 2"]})[0].stdout == "1\n2\n"
    element = shell_document({"runCommand": ["{{ commands }}"]}, parameters=definitions, names=("other",))
    assert executor.steps(element, {"commands": ["echo 1"]})[0].status == "Failed"


@pytest.mark.parametrize(
    ("pattern", "value", "accepted"),
    [
        ("[a-z]+", "1a;id", True),  # unanchored
        ("^[a-z]+$", "1a;id", False),
        ("^[a-z]+$", "abc", True),
        ("^[a-z]+$", "abc\n", False),  # $ is the very end, not before a final newline
        (r"^\w+$", "é", False),  # ASCII only
        ("^(?i)abc$", "aBC", True),
        ("^a(?i)b|c$", "xC", True),
        ("^a(?i)b|c$", "Ab", False),
        ("(?m)^b$", "a\nb\nc", True),
        (r"\Aa\z", "a\n", False),
        ("^[[:alpha:]]+$", "aZ", True),
        ("^[[:alpha:]]+$", "a1", False),
        (r"^\Qa.b\E$", "a.b", True),
        (r"^\Qa.b\E$", "axb", False),
        (r"^\x{e9}$", "é", True),
        ("^a{,2}$", "a{,2}", True),
        ("^[]a]$", "]", True),
        ("^[[a]$", "[", True),
        ("^(?P<name>a)(?:b)$", "ab", True),
        ("^(?s:.)$", "\n", True),
        ("^a*?$", "aa", True),
    ],
)
def test_allowed_pattern_is_go_syntax(
    executor: Any, shell_document: Any, pattern: str, value: str, accepted: bool
) -> None:
    document = shell_document({}, parameters={"x": {"type": "String", "allowedPattern": pattern}})
    if accepted:
        assert executor.steps(document, {"x": value})[0].status == "Success"
    else:
        with pytest.raises(RejectedError) as caught:
            executor.steps(document, {"x": value})
        assert str(caught.value) == f"Parameter value for x does not match the allowed pattern {pattern}"


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", r"(a)\1", "a*+", "a**", "a++", "a{2}{3}", "(?>a)", "(?#c)", "a{1001}",
        "[a", "(a", "a)", r"\Z", "[z-a]", r"\y", "(?P=n)", r"\x{110000}", "[[:nonsense:]]", "a" * 5000,
    ],
)  # fmt: skip
def test_what_re2_does_not_accept_rejects_the_command(executor: Any, shell_document: Any, pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)
    document = shell_document({}, parameters={"x": {"type": "String", "allowedPattern": pattern, "default": "a"}})
    with pytest.raises(RejectedError, match="internal error"):
        executor.steps(document)


@pytest.mark.parametrize("value", [None, True, 42, {"a": "b"}])
def test_a_pattern_on_another_type_rejects_the_command(executor: Any, shell_document: Any, value: Any) -> None:
    document = shell_document({}, parameters={"x": {"type": "String", "allowedPattern": ".", "default": value}})
    with pytest.raises(RejectedError, match="Unable to determine parameter value type for x"):
        executor.steps(document)


def test_each_item_of_a_list_is_held_to_the_pattern(executor: Any, shell_document: Any) -> None:
    document = shell_document({}, parameters={"x": {"type": "StringList", "allowedPattern": "^a$"}})
    assert executor.steps(document, {"x": ["a", "a"]})[0].status == "Success"
    with pytest.raises(RejectedError):
        executor.steps(document, {"x": ["a", "b"]})


def test_a_default_is_held_to_the_pattern_too(executor: Any, shell_document: Any) -> None:
    document = shell_document({}, parameters={"x": {"type": "String", "allowedPattern": "^a$", "default": "b"}})
    with pytest.raises(RejectedError):
        executor.steps(document)


@pytest.mark.parametrize(
    "limits", [{"allowedValues": ["a"]}, {"maxChars": 1}, {"minChars": 9}, {"maxItems": 0}, {"minItems": 9}]
)
def test_nothing_else_is_checked_of_a_top_level_document(executor: Any, shell_document: Any, limits: Any) -> None:
    assert echo(executor, shell_document, "echo {{x}}.", {"type": "String", **limits}, "bcd") == "bcd.\n"


ENV = {"type": "String", "interpolationType": "ENV_VAR"}


def test_env_var_makes_a_value_data(executor: Any, shell_document: Any) -> None:
    value = "$(id); `id` '\" | & {{ x }}"
    assert echo(executor, shell_document, 'echo "{{ x }}" "${SSM_x}"', ENV, value) == f"{value} {value}\n"


def test_an_unquoted_reference_still_splits_and_globs(executor: Any, shell_document: Any, tmp_path: Any) -> None:
    (tmp_path / "file").touch()
    document = shell_document(
        {"runCommand": ["printf '<%s>' {{ x }}"], "workingDirectory": str(tmp_path)}, parameters={"x": ENV}
    )
    assert executor.steps(document, {"x": "a b fil*"})[0].stdout == "<a><b><file>"


def test_in_single_quotes_the_reference_stays(executor: Any, shell_document: Any) -> None:
    assert echo(executor, shell_document, "echo '{{ x }}'", ENV, "v") == "$SSM_x\n"
    assert executor.steps(
        shell_document({"runCommand": ["cat <<'E'", "{{x}}", "E"]}, parameters={"x": ENV}, names=("heredoc",)),
        {"x": "v"},
    )[0].stdout == "$SSM_x\n"  # fmt: skip


def test_no_braces_are_added(executor: Any, shell_document: Any) -> None:
    line = 'echo "[{{x}}suffix][${SSM_x}suffix]"'
    assert echo(executor, shell_document, line, ENV, "v") == "[][vsuffix]\n"


def test_a_whole_line_runs_the_value_as_one_command_word(executor: Any, shell_document: Any) -> None:
    document = shell_document({"runCommand": ["{{ x }}"]}, parameters={"x": ENV})
    result = executor.steps(document, {"x": "echo;id"})[0]
    assert (result.code, result.stdout) == (127, "")
    assert "echo;id" in result.stderr


def test_other_inputs_become_the_literal_reference(executor: Any, shell_document: Any) -> None:
    inputs = {"runCommand": ["pwd; exit 1"], "workingDirectory": "{{ x }}", "timeoutSeconds": "{{x}}"}
    document = shell_document({**inputs, "onFailure": "{{ x }}"}, {"runCommand": ["echo next"]}, parameters={"x": ENV})
    first, second = executor.steps(document, {"x": "/tmp"})
    assert first.stdout != "/tmp\n"
    assert second.stdout == "next\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a", "b c"], "[a b c]"), ({"k": "v", "a": [1]}, "map[a:[1] k:v]"), (True, "true"), (3, "3"), (3.0, "3"),
        (1.5, "1.5"), (None, "<nil>"),
    ],
)  # fmt: skip
def test_other_types_are_printed_as_go_prints_them(executor: Any, shell_document: Any, value: Any, text: str) -> None:
    definition = {**ENV, "type": "StringList", "default": value}
    assert echo(executor, shell_document, 'echo "${SSM_x}"', definition) == f"{text}\n"


def test_powershell_names_the_variable_its_own_way(executor: Any) -> None:
    from rehearsal.agent.document import prepare  # noqa: PLC0415 - beside the one test of it

    step = {"action": "aws:runPowerShellScript", "name": "one", "inputs": {"runCommand": ["echo {{ x }}"]}}
    document = {"schemaVersion": "2.2", "parameters": {"x": ENV}, "mainSteps": [step]}
    prepared = prepare(document, {"x": "v"}, executor.run_context).steps[0]
    assert prepared.inputs["runCommand"] == ["echo $env:SSM_x"]
    assert prepared.environment == {"SSM_x": "v"}


def test_preconditions_and_other_actions_get_the_plain_value(executor: Any, shell_document: Any, tmp_path: Any) -> None:
    inner = tmp_path / "inner.json"
    inner.write_text('{"schemaVersion":"2.2","mainSteps":[{"action":"aws:runShellScript","name":"i","inputs":'
                     '{"runCommand":["echo inner"]}}]}')  # fmt: skip
    document = shell_document({"runCommand": ["echo ran"]}, parameters={"x": ENV})
    document["mainSteps"][0]["precondition"] = {"StringEquals": ["{{ x }}", str(inner)]}
    call = {"documentType": "LocalPath", "documentPath": "{{ x }}"}
    document["mainSteps"].append({"action": "aws:runDocument", "name": "call", "inputs": call})
    first, second = executor.steps(document, {"x": str(inner)})
    assert (first.stdout, second.stdout) == ("ran\n", "inner\n")


def test_an_old_agent_ignores_the_key_and_puts_the_value_into_the_script(executor: Any, shell_document: Any) -> None:
    document = shell_document({"runCommand": ['echo "{{ x }}" "${SSM_x-unset}"']}, parameters={"x": ENV})
    assert executor.steps(document, {"x": "$(echo injected)"}, agent_version=OLD_AGENT)[0].stdout == "injected unset\n"


def test_a_script_that_demands_the_variable_fails_closed_on_an_old_agent(executor: Any, shell_document: Any) -> None:
    document = shell_document({"runCommand": [': "${SSM_x:?agent too old}"', "echo acted"]}, parameters={"x": ENV})
    result = executor.steps(document, {"x": "v"}, agent_version=OLD_AGENT)[0]
    assert (result.status, result.stdout) == ("Failed", "")
    assert "agent too old" in result.stderr


@pytest.mark.parametrize(
    ("version", "seen"), [("3.3.2745.9", "unset"), ("3.3.2746.0", "v"), ("3.3.3572.0", "v"), ("4.0", "v")]
)
def test_the_first_release_that_knows_env_var(executor: Any, shell_document: Any, version: str, seen: str) -> None:
    document = shell_document({"runCommand": ['echo "${SSM_x-unset}"']}, parameters={"x": ENV})
    assert executor.steps(document, {"x": "v"}, agent_version=version)[0].stdout == f"{seen}\n"


@pytest.mark.parametrize("version", [OLD_AGENT, "3.3.3572.0"])
def test_a_fallback_for_old_agents_works_on_both(executor: Any, shell_document: Any, version: str) -> None:
    lines = ["#!/bin/bash", "set -u", 'if [ -z "${SSM_x+x}" ]; then export SSM_x="{{x}}"; fi', 'echo "$SSM_x"']
    document = shell_document({"runCommand": lines}, parameters={"x": ENV})
    assert executor.steps(document, {"x": "v"}, agent_version=version)[0].stdout == "v\n"
