"""Credentials: fetched once, fetched again after a refusal, never shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask_app import credentials
from flask_app.credentials import Credentials, CredentialsError, SecretsManagerCredentials, parse

ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:Example-AbC123"
AWKWARD = "p@ss:/#%?&'\"\\ word€"


class FakeClient:
    """Answers GetSecretValue with the versions that it was given, one after the other, then with the last."""

    def __init__(self, *passwords: str) -> None:
        self.passwords = list(passwords)
        self.calls = 0

    def get_secret_value(self, **_request: str) -> dict[str, Any]:
        password = self.passwords[min(self.calls, len(self.passwords) - 1)]
        self.calls += 1
        return {"SecretString": json.dumps({"username": "appuser", "password": password}), "VersionId": f"v-{password}"}


@pytest.fixture(autouse=True)
def _fetch_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MINIMUM_SECONDS_BETWEEN_FETCHES", 0.0)


def test_the_secret_is_fetched_once() -> None:
    client = FakeClient(AWKWARD)
    source = SecretsManagerCredentials(ARN, client)
    assert source.current().password == AWKWARD
    assert source.current() == source.current()
    assert client.calls == 1


def test_a_refusal_leads_to_the_new_version() -> None:
    source = SecretsManagerCredentials(ARN, FakeClient("old", "new"))
    refused = source.current()
    fresh = source.after_refusal(refused)
    assert fresh is not None
    assert fresh.password == "new"
    assert source.current() == fresh


def test_a_refusal_of_the_newest_version_gives_nothing_to_try() -> None:
    source = SecretsManagerCredentials(ARN, FakeClient("same"))
    assert source.after_refusal(source.current()) is None


def test_a_thread_that_comes_late_takes_what_another_fetched() -> None:
    client = FakeClient("old", "new")
    source = SecretsManagerCredentials(ARN, client)
    refused = source.current()
    source.after_refusal(refused)
    assert source.after_refusal(refused) == source.current()
    assert client.calls == 2


def test_refusals_in_a_row_do_not_storm_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "MINIMUM_SECONDS_BETWEEN_FETCHES", 3600.0)
    client = FakeClient("same")
    source = SecretsManagerCredentials(ARN, client)
    for _ in range(100):
        assert source.after_refusal(source.current()) is None
    assert client.calls == 1


def test_the_password_is_in_no_representation() -> None:
    assert "hidden" not in repr(Credentials("appuser", "hidden", "v1"))


@pytest.mark.parametrize("text", ["", "no json: hidden", "[]", '{"username": "appuser"}', "null"])
def test_an_unusable_secret_is_named_and_its_text_is_not_shown(text: str) -> None:
    with pytest.raises(CredentialsError) as caught:
        parse({"SecretString": text, "VersionId": "v1"}, ARN)
    assert ARN in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_service_that_cannot_be_reached_is_a_credentials_error() -> None:
    class Unreachable:
        def get_secret_value(self, **_request: str) -> dict[str, Any]:
            raise ConnectionError("https://secret-host.example")

    with pytest.raises(CredentialsError, match="ConnectionError"):
        SecretsManagerCredentials(ARN, Unreachable()).current()
