"""What differs between MySQL and MariaDB for a client, in one place."""

from __future__ import annotations

from enum import StrEnum


class Dialect(StrEnum):
    MYSQL = "mysql"
    MARIADB = "mariadb"


# Refusals that new credentials can cure. 3118: the account is locked; 3948/3955: too many failed logins (both engines
# answer 1045 for a wrong password, and MySQL 1862/1820 for an expired one).
REFUSED_CREDENTIALS = frozenset({1045, 1698, 1820, 1862, 3118, 3955})


def dialect_of(version: str) -> Dialect:
    """Tell the engine by what `SELECT VERSION()` answers, such as `9.7.0` or `11.8.3-MariaDB-0+deb13u1`."""
    return Dialect.MARIADB if "mariadb" in version.lower() else Dialect.MYSQL


def statement_timeout(dialect: Dialect, seconds: float) -> str:
    """Limit how long a SELECT of this session may run: MySQL counts in milliseconds, MariaDB in seconds."""
    if dialect is Dialect.MARIADB:
        return f"SET SESSION max_statement_time = {seconds:.3f}"
    return f"SET SESSION max_execution_time = {int(seconds * 1000)}"


def error_number(error: BaseException | None) -> int | None:
    """Read the server's or client's error number from a PyMySQL exception or one that wraps it."""
    while error is not None:
        arguments = getattr(error, "args", ())
        if arguments and isinstance(arguments[0], int):
            return int(arguments[0])
        error = getattr(error, "orig", None) or error.__cause__
    return None
