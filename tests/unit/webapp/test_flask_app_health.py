"""The endpoints, with and without a database. SQLite stands for a database that answers: only SELECT 1 is asked."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from flask_app import create_app, database, dialect

if TYPE_CHECKING:
    from flask.testing import FlaskClient


@pytest.fixture
def refused_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def client_without_database(port: int) -> FlaskClient:
    url = f"mysql+pymysql://appuser:hidden@127.0.0.1:{port}/appdb"
    return create_app({"DATABASE_URL": url, "RELEASE": "r1"}).test_client()


def test_the_front_page_needs_no_database(refused_port: int) -> None:
    answer = client_without_database(refused_port).get("/")
    assert answer.status_code == 200
    assert answer.json == {"application": "flask-app", "release": "r1"}


def test_livez_tells_of_the_process_alone(refused_port: int) -> None:
    answer = client_without_database(refused_port).get("/livez")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "ok"


def test_readyz_without_a_database_is_503_with_the_reason_and_no_secret(refused_port: int) -> None:
    answer = client_without_database(refused_port).get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["release"] == "r1"
    assert answer.json["database"] == "OperationalError 2003"
    assert "hidden" not in answer.text


def test_db_check_without_a_database_is_503(refused_port: int) -> None:
    answer = client_without_database(refused_port).get("/db-check")
    assert answer.status_code == 503
    assert answer.json == {"status": "error", "detail": "OperationalError 2003"}


def test_while_the_database_fails_it_is_not_asked_by_every_request(
    refused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "RETRY_SECONDS", 3600.0)
    client = client_without_database(refused_port)
    assert client.get("/db-check").status_code == 503
    holder = client.application.extensions["database"]
    monkeypatch.setattr(type(holder), "engine", property(lambda _self: pytest.fail("the database was asked again")))
    assert client.get("/db-check").json == {"status": "error", "detail": "OperationalError 2003"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("9.7.4-2", dialect.Dialect.MYSQL),
        ("8.0.45-0ubuntu0.24.04.1", dialect.Dialect.MYSQL),
        ("11.8.3-MariaDB-0+deb13u1", dialect.Dialect.MARIADB),
        ("5.5.5-10.11.19-MariaDB", dialect.Dialect.MARIADB),
    ],
)
def test_the_dialect_is_told_by_the_version(version: str, expected: dialect.Dialect) -> None:
    assert dialect.dialect_of(version) is expected


def test_an_error_number_is_found_inside_wrappers() -> None:
    inner = RuntimeError(1045, "Access denied")
    outer = RuntimeError("wrapped")
    outer.__cause__ = inner
    assert dialect.error_number(outer) == 1045
    assert dialect.error_number(RuntimeError("text")) is None
