from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rehearsal.scenarios
from rehearsal.scenarios.model import Secret
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.secret_search import needles

if TYPE_CHECKING:
    from types import ModuleType

PASSWORD = "p@ss:w/rd#100%"
SALT = "0123"


@pytest.fixture
def on_host() -> ModuleType:
    specification = importlib.util.spec_from_file_location(
        "host_search", Path(rehearsal.scenarios.__file__).with_name("host_search.py")
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def digest(value: str) -> list[Any]:
    return [len(value), hashlib.sha256((SALT + value).encode()).hexdigest(), "plain"]


class FakeSecretsManager:
    def __init__(self, *values: str) -> None:
        self.values = values

    def list_secret_version_ids(self, **_: object) -> dict[str, Any]:
        return {
            "Versions": [
                {"VersionId": str(index), "VersionStages": ["AWSCURRENT"]} for index in range(len(self.values))
            ]
            + [{"VersionId": "old"}]
        }

    def get_secret_value(self, *, VersionId: str, **_: object) -> dict[str, str]:  # noqa: N803 - boto3's name
        return {"SecretString": self.values[int(VersionId)]}


class FakeAws:
    def __init__(self, *values: str) -> None:
        self._client = FakeSecretsManager(*values)

    def client(self, _: str) -> FakeSecretsManager:
        return self._client


def values_of(aws: Any, secret: Secret) -> dict[str, str]:
    return {needle.form: needle.value for needle in needles(aws, secret)}


def test_a_secret_is_looked_for_in_every_way_it_may_be_written() -> None:
    found = values_of(FakeAws('{"username": "u", "password": "p@ss:w/rd#100%"}'), Secret("s", "password"))
    assert found["plain"] == PASSWORD
    assert found["in a URL"] == "p%40ss%3Aw%2Frd%23100%25"
    assert "in Base64" in found


def test_every_version_that_can_still_be_read_is_looked_for() -> None:
    plain = [n.value for n in needles(FakeAws("first-value", "second-value"), Secret("s")) if n.form == "plain"]  # type: ignore[arg-type] # stands in for Aws
    assert sorted(plain) == ["first-value", "second-value"]


@pytest.mark.parametrize("value", ["short", "two words in it"])
def test_a_value_that_cannot_be_searched_for_is_an_error_and_not_a_pass(value: str) -> None:
    with pytest.raises(ScenarioError, match="cannot be searched for"):
        needles(FakeAws(value), Secret("s"))  # type: ignore[arg-type] # stands in for Aws


@pytest.mark.parametrize(
    "content",
    [
        f"connecting as u with {PASSWORD}\n",
        f"mysql://u:{PASSWORD}@10.0.2.10/appdb",
        f"A=1\0PASSWORD={PASSWORD}\0B=2",
    ],
)
def test_the_search_on_a_host_finds_the_value_wherever_it_stands(on_host: ModuleType, content: str) -> None:
    assert on_host.find(content.encode(), SALT.encode(), [digest(PASSWORD)], set()) == ["plain"]


def test_the_search_on_a_host_finds_nothing_in_what_is_only_like_it(on_host: ModuleType) -> None:
    assert on_host.find(PASSWORD[:-1].encode() * 3, SALT.encode(), [digest(PASSWORD)], set()) == []


def test_a_place_that_repeats_the_value_is_found_each_time(on_host: ModuleType) -> None:
    known: set[bytes] = set()
    for _ in range(2):
        assert on_host.find(PASSWORD.encode(), SALT.encode(), [digest(PASSWORD)], known) == ["plain"]
