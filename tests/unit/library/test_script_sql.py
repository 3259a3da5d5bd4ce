"""The SQL of accounts and rotations, for both engines, with passwords that break careless quoting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

AWKWARD = [
    "plain",
    "p@ss:/#%",
    "it's",
    'say "x"',
    "back\\slash",
    "\\'",
    "%s {{ x }} ${y} $(z) `w`",
    "ü€",
    "a;b--c /* */",
]


def unquoted(literal: str) -> str:
    """Read a literal as both engines do in their default SQL mode (backslash escapes)."""
    assert literal.startswith("'")
    assert literal.endswith("'")
    body = literal[1:-1]
    assert re.fullmatch(r"(?:[^'\\]|\\.)*", body, re.DOTALL), "the literal ends before its end"
    return re.sub(r"\\(.)", r"\1", body, flags=re.DOTALL)


@pytest.mark.parametrize("name", ["database_account", "database_password"])
@pytest.mark.parametrize("password", AWKWARD)
def test_a_password_is_quoted_whole(script: Callable[[str], ModuleType], name: str, password: str) -> None:
    assert unquoted(script(name).quoted(password)) == password


def test_an_account_that_exists_keeps_its_password(script: Callable[[str], ModuleType]) -> None:
    for dialect in ("mysql", "mariadb"):
        statements = script("database_account").statements(dialect, "appdb", "10.0.1.%", "appuser", "x")
        assert statements[1].startswith("CREATE USER IF NOT EXISTS 'appuser'@'10.0.1.%'")
        assert statements[1].endswith("REQUIRE SSL")
        assert not any("ALTER USER" in statement for statement in statements)


def test_the_account_may_do_what_the_application_does_and_no_more(script: Callable[[str], ModuleType]) -> None:
    grant = script("database_account").statements("mysql", "appdb", "10.0.1.%", "appuser", "x")[2]
    assert " ON `appdb`.* TO " in grant
    assert "ALL" not in grant
    assert "GRANT OPTION" not in grant


def test_mysql_keeps_the_current_password_beside_the_new_one(script: Callable[[str], ModuleType]) -> None:
    statements = script("database_password").statements("mysql", "add", ["'u'@'h'"], "current", "new")
    # The kept one is set first: whatever a cut-off run left as the second password, it is the current one afterwards.
    assert statements == [
        "ALTER USER 'u'@'h' IDENTIFIED BY 'current'",
        "ALTER USER 'u'@'h' IDENTIFIED BY 'new' RETAIN CURRENT PASSWORD",
    ]


def test_mysql_retires_the_old_password(script: Callable[[str], ModuleType]) -> None:
    statements = script("database_password").statements("mysql", "retire", ["'u'@'h'"], "new")
    assert statements == ["ALTER USER 'u'@'h' IDENTIFIED BY 'new'", "ALTER USER 'u'@'h' DISCARD OLD PASSWORD"]


def test_mariadb_lets_two_passwords_in_by_one_statement(script: Callable[[str], ModuleType]) -> None:
    (statement,) = script("database_password").statements("mariadb", "add", ["'u'@'h'"], "current", "new")
    assert statement == (
        "ALTER USER 'u'@'h' IDENTIFIED VIA mysql_native_password USING PASSWORD('new')"
        " OR mysql_native_password USING PASSWORD('current')"
    )
    (statement,) = script("database_password").statements("mariadb", "retire", ["'u'@'h'"], "new")
    assert statement == "ALTER USER 'u'@'h' IDENTIFIED VIA mysql_native_password USING PASSWORD('new')"


def test_every_host_of_the_account_is_changed(script: Callable[[str], ModuleType]) -> None:
    statements = script("database_password").statements("mysql", "retire", ["'u'@'a'", "'u'@'b'"], "x")
    assert sum("'u'@'b'" in statement for statement in statements) == 2
