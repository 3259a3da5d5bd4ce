"""Applies db/init.sql and the migrations beside it: `python -m flask_app.migrate FOLDER`.

init.sql is idempotent and applied every time. Each file of migrations/ is applied once, in the order of its name, and
recorded with its checksum; a recorded file that has changed since is an error. Both engines commit each change of the
schema at once, so a migration has to be safe to repeat (IF NOT EXISTS): it may have been interrupted before it was
recorded. One run at a time, held by a lock in the database that backups take too.

Prints one JSON object: `{"applied": [names], "already": [names]}`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from pymysql.constants import CLIENT

from flask_app.config import Settings
from flask_app.database import Database, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine.interfaces import DBAPICursor

LOCK = "flask_app_schema"
LOCK_TIMEOUT_SECONDS = 60


class MigrationError(Exception):
    """A migration that cannot be applied; the text names the file and what to do."""


def migrate(database: Database, folder: Path) -> dict[str, list[str]]:
    """Bring the schema up to date; see the module for the rules."""
    initial = folder / "init.sql"
    if not initial.is_file():
        raise MigrationError(f"{initial} does not exist: deploy a release whose repository has db/init.sql")
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if raw is None:
            raise MigrationError("the connection was closed while the migration started: run it again")
        cursor = raw.cursor()
        if _scalar(cursor, "SELECT GET_LOCK(%s, %s)", (LOCK, LOCK_TIMEOUT_SECONDS)) != 1:
            raise MigrationError("another migration or a backup holds the schema lock: wait for it and run this again")
        try:
            return _apply(cursor, initial, sorted((folder / "migrations").glob("*.sql")))
        finally:
            _scalar(cursor, "SELECT RELEASE_LOCK(%s)", (LOCK,))


def _apply(cursor: DBAPICursor, initial: Path, migrations: Sequence[Path]) -> dict[str, list[str]]:
    _run_file(cursor, initial)
    cursor.execute("COMMIT")
    cursor.execute("SELECT name, checksum FROM schema_migrations")
    recorded = dict(cursor.fetchall())
    applied: list[str] = []
    already: list[str] = []
    for file in migrations:
        checksum = hashlib.sha256(file.read_bytes()).hexdigest()
        if file.name in recorded:
            if recorded[file.name] != checksum:
                raise MigrationError(f"{file.name} was changed after it was applied: put the change in a new migration")
            already.append(file.name)
            continue
        _run_file(cursor, file)
        cursor.execute("INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)", (file.name, checksum))
        cursor.execute("COMMIT")
        applied.append(file.name)
    return {"applied": applied, "already": already}


def _run_file(cursor: DBAPICursor, file: Path) -> None:
    try:
        cursor.execute(file.read_text(encoding="utf-8"))
        while cursor.nextset():
            pass
    except Exception as error:
        raise MigrationError(f"{file.name}: {describe(error)}: {error}") from error


def _scalar(cursor: DBAPICursor, statement: str, parameters: tuple[object, ...]) -> object:
    cursor.execute(statement, parameters)
    row = cursor.fetchone()
    return row[0] if row else None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Apply db/init.sql and the migrations beside it.")
    parser.add_argument("folder", type=Path, help="the folder with init.sql and migrations/")
    options = parser.parse_args(arguments)
    # A migration may hold several statements and may take long; requests may do neither.
    database = Database(
        Settings.from_environment(os.environ), client_flag=CLIENT.MULTI_STATEMENTS, statement_limit=False
    )
    try:
        result = migrate(database, options.folder)
    except (MigrationError, sqlalchemy.exc.SQLAlchemyError) as error:
        text = str(error) if isinstance(error, MigrationError) else f"the database cannot be used: {describe(error)}"
        print(f"migration failed: {text}", file=sys.stderr)  # noqa: T201 - the command's own message
        return 1
    print(json.dumps(result, separators=(",", ":")))  # noqa: T201 - the command's result
    return 0


if __name__ == "__main__":
    sys.exit(main())
