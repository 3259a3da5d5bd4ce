from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.scenarios.checks import ask, http
from rehearsal.scenarios.model import Probe, Sql
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.values import Values

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Completed:
    code: int = 0
    stdout: str = ""
    stderr: str = ""


def answered(body: str, status: int = 200, **headers: str) -> Completed:
    seen = {"status": status, "headers": {name.lower(): [value] for name, value in headers.items()}}
    return Completed(stdout=body + http.SEPARATOR + json.dumps(seen))


class FakeOutside:
    def __init__(self, *answers: Completed) -> None:
        self.answers = list(answers)
        self.commands: list[list[str]] = []

    def run(self, argv: Sequence[str], **_: Any) -> Completed:
        self.commands.append(list(argv))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class FakeHosts:
    def __init__(self, **result: Any) -> None:
        self.result = {"code": 0, "stdout": "", "stderr": "", **result}
        self.commands: list[tuple[str, str]] = []

    def run(self, name: str, command: str, **_: Any) -> SimpleNamespace:
        self.commands.append((name, command))
        return SimpleNamespace(**self.result)


def surroundings(outside: Any = None, hosts: Any = None, sql: Sql | None = None, aws: Any = None) -> Any:
    common = SimpleNamespace(ca_file="/ca.pem", sql=sql)
    return SimpleNamespace(outside=outside, hosts=hosts, aws=aws, common=common, values=Values({"stack": "shop"}))


def probe(kind: str, within_seconds: float = 0, **settings: Any) -> Probe:
    return Probe("it", kind, settings, within_seconds)


def test_http_looks_into_json_and_verifies_the_certificate() -> None:
    outside = FakeOutside(answered('{"status": "ok"}'))
    settings = {"url": "https://{{ stack }}.test/readyz", "query": "status", "answer": {"equals": "ok"}}
    assert ask(probe("http", **settings), surroundings(outside)).passed
    [command] = outside.commands
    assert command[-1] == "https://shop.test/readyz"
    assert "--insecure" not in command
    assert command[command.index("--cacert") + 1] == "/ca.pem"


@pytest.mark.parametrize(
    ("answer", "settings", "detail"),
    [
        (answered("down", 503), {}, "answered 503, wanted 200: down"),
        (answered("", 301, Location="http://a/"), {"status": 301, "header": {"Location": "https://a/"}}, "http://a/"),
        (answered("", 301), {"status": 301, "header": {"Location": "https://a/"}}, "nothing, wanted https://a/"),
        (answered("<html>"), {"query": "status", "answer": {"equals": "ok"}}, "answered no JSON"),
        (answered('{"status": "no"}'), {"query": "status", "answer": {"equals": "ok"}}, "got no"),
        (Completed(60, stderr="curl: (60) SSL certificate problem"), {}, "SSL certificate problem"),
    ],
)
def test_http_says_what_is_wrong(answer: Completed, settings: dict[str, Any], detail: str) -> None:
    result = ask(probe("http", url="https://a/", **settings), surroundings(FakeOutside(answer)))
    assert not result.passed
    assert detail in result.detail


def test_an_output_that_was_lost_on_the_way_is_asked_for_once_more() -> None:
    lost = Completed(stdout="")
    assert ask(probe("http", url="https://a/"), surroundings(FakeOutside(lost, answered("ok")))).passed
    check = ask(probe("http", url="https://a/"), surroundings(FakeOutside(lost, lost)))
    assert (check.passed, check.detail) == (False, "https://a/: curl ended well and did not say what it saw: nothing")


def test_what_must_not_be_done_twice_is_not_asked_again() -> None:
    outside = FakeOutside(Completed(stdout=""), answered("ok"))
    assert not ask(probe("http", url="https://a/", method="POST"), surroundings(outside)).passed


def test_a_probe_is_asked_again_until_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rehearsal.scenarios.checks.POLL_SECONDS", 0)
    outside = FakeOutside(answered("", 503), answered("", 503), answered(""))
    assert ask(probe("http", 30, url="https://a/"), surroundings(outside)).passed
    assert len(outside.commands) == 3


def test_a_host_is_asked_with_a_command_and_judged_by_code_and_text() -> None:
    hosts = FakeHosts(stdout="active\n")
    assert ask(
        probe("host", at="web", command="is-active", answer={"equals": "active"}), surroundings(hosts=hosts)
    ).passed
    assert hosts.commands == [("web", "is-active")]


def test_a_host_that_answers_with_another_code_falls_short() -> None:
    hosts = FakeHosts(code=4, stderr="no such unit")
    result = ask(probe("host", at="web", command="is-active"), surroundings(hosts=hosts))
    assert result.detail == "web: exit code 4, wanted 0: no such unit"


def test_a_statement_reaches_the_database_as_one_word() -> None:
    hosts = FakeHosts(stdout="1\n")
    sql = Sql("database", "mysql --execute {{ statement }}")
    wanted = probe("sql", statement="SELECT '$(reboot)'", answer={"equals": "1"})
    assert ask(wanted, surroundings(hosts=hosts, sql=sql)).passed
    assert hosts.commands == [("database", """mysql --execute 'SELECT '"'"'$(reboot)'"'"''""")]


def test_an_aws_answer_is_queried_with_all_its_pages() -> None:
    class Client:
        def can_paginate(self, _: str) -> bool:
            return True

        def describe_things(self) -> None:
            raise AssertionError("the pages are to be put together")

        def get_paginator(self, _: str) -> Any:
            result = {"Things": [{"State": "on"}, {"State": "off"}]}
            return SimpleNamespace(paginate=lambda **_: SimpleNamespace(build_full_result=lambda: result))

    aws = SimpleNamespace(client=lambda _: Client())
    settings = {"service": "x", "operation": "describe_things", "query": "Things[?State=='off'] | length(@)"}
    assert ask(probe("aws", **settings, answer={"equals": 1}), surroundings(aws=aws)).passed
    assert "wanted equals 2" in ask(probe("aws", **settings, answer={"equals": 2}), surroundings(aws=aws)).detail


def test_an_operation_that_there_is_not_is_an_error_of_the_scenario() -> None:
    aws = SimpleNamespace(client=lambda _: SimpleNamespace())
    with pytest.raises(ScenarioError, match="has no operation fly"):
        ask(probe("aws", service="x", operation="fly", answer={"equals": 1}), surroundings(aws=aws))
