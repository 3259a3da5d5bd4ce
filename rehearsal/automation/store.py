"""Where executions are kept: in a SQLite file that survives the process, or in memory."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from rehearsal.automation.records import ExecutionRecord, StepRecord, execution_from_json, step_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class ExecutionStore(Protocol):
    """Keeps executions, their steps, and which client token started what. Any thread may call any method."""

    def save(self, record: ExecutionRecord) -> None: ...

    def save_step(self, execution_id: str, record: StepRecord) -> None: ...

    def flush(self) -> None:
        """Make what was saved last beyond the end of the process."""
        ...

    def find(self, execution_id: str) -> ExecutionRecord | None: ...

    def steps(self, execution_id: str) -> list[StepRecord]: ...

    def newest_first(self, *, parent_id: str | None = None) -> Iterator[ExecutionRecord]:
        """Yield all executions, or the children of one, the newest first."""
        ...

    def unfinished(self) -> list[ExecutionRecord]: ...

    def claim_token(self, token: str, fingerprint: str, execution_id: str) -> tuple[str, str] | None:
        """Note that `token` started an execution; if it already did, return that fingerprint and execution."""
        ...

    def release_token(self, token: str) -> None:
        """Forget a token whose request was refused."""
        ...

    def forget_before(self, moment: float) -> None:
        """Drop executions that ended before `moment` (seconds since 1970)."""
        ...

    def close(self) -> None: ...


_SCHEMA = """
CREATE TABLE IF NOT EXISTS executions (
  id TEXT PRIMARY KEY, parent TEXT, started REAL NOT NULL, ended REAL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS executions_by_start ON executions (started);
CREATE INDEX IF NOT EXISTS executions_by_parent ON executions (parent, started);
CREATE TABLE IF NOT EXISTS steps (
  execution TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (execution, position)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tokens (
  token TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, execution TEXT NOT NULL, claimed REAL NOT NULL) WITHOUT ROWID;
"""
_PUT_EXECUTION = (
    "INSERT INTO executions VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, body = excluded.body"
)
_GATHER_SECONDS = 0.05
_PAGE = 100
_ALL = "SELECT body FROM executions ORDER BY started DESC, rowid DESC LIMIT ? OFFSET ?"
_CHILDREN = "SELECT body FROM executions WHERE parent = ? ORDER BY started DESC, rowid DESC LIMIT ? OFFSET ?"


class SqliteStore:
    """An `ExecutionStore` in one SQLite database; without a path it lives in memory.

    Changes are gathered and written together, at the latest when somebody reads or after `_GATHER_SECONDS`; `flush`
    writes them at once. A killed process loses nothing that was flushed: only a crash of the machine may.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._closed = False
        self._executions: dict[str, ExecutionRecord] = {}
        self._steps: dict[tuple[str, int], StepRecord] = {}
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(_SCHEMA)
        threading.Thread(target=self._write_behind, name="executions", daemon=True).start()

    def save(self, record: ExecutionRecord) -> None:
        """Note that the execution changed."""
        with self._lock:
            self._executions[record.execution_id] = record
        self._changed.set()

    def save_step(self, execution_id: str, record: StepRecord) -> None:
        """Note that the step changed."""
        with self._lock:
            self._steps[(execution_id, record.position)] = record
        self._changed.set()

    def flush(self) -> None:
        """Write what changed."""
        with self._lock:
            self._write()

    def _write_behind(self) -> None:
        while not self._closed:
            self._changed.wait()
            self._changed.clear()
            time.sleep(_GATHER_SECONDS)
            with self._lock:
                self._write()

    def _write(self) -> None:
        """Write what changed, in one transaction. The caller holds the lock."""
        if self._closed or not (self._executions or self._steps):
            return
        executions = [
            (record.execution_id, record.parent_id, record.start, record.end, _text(record))
            for record in self._executions.values()
        ]
        steps = [(execution_id, position, _text(record)) for (execution_id, position), record in self._steps.items()]
        self._executions.clear()
        self._steps.clear()
        self._db.execute("BEGIN")
        self._db.executemany(_PUT_EXECUTION, executions)
        self._db.executemany("INSERT OR REPLACE INTO steps VALUES (?, ?, ?)", steps)
        self._db.execute("COMMIT")

    def find(self, execution_id: str) -> ExecutionRecord | None:
        """Return the execution, or None."""
        rows = self._read("SELECT body FROM executions WHERE id = ?", (execution_id,))
        return execution_from_json(json.loads(rows[0][0])) if rows else None

    def steps(self, execution_id: str) -> list[StepRecord]:
        """Return the steps in their order."""
        rows = self._read("SELECT body FROM steps WHERE execution = ? ORDER BY position", (execution_id,))
        return [step_from_json(json.loads(body)) for (body,) in rows]

    def newest_first(self, *, parent_id: str | None = None) -> Iterator[ExecutionRecord]:
        """Yield executions page by page, so that a long history never stands in memory at once."""
        query = _CHILDREN if parent_id else _ALL
        offset = 0
        while True:
            values: tuple[Any, ...] = (*((parent_id,) if parent_id else ()), _PAGE, offset)
            rows = self._read(query, values)
            for (body,) in rows:
                yield execution_from_json(json.loads(body))
            if len(rows) < _PAGE:
                return
            offset += _PAGE

    def unfinished(self) -> list[ExecutionRecord]:
        """Return the executions that have no end."""
        rows = self._read("SELECT body FROM executions WHERE ended IS NULL", ())
        return [execution_from_json(json.loads(body)) for (body,) in rows]

    def claim_token(self, token: str, fingerprint: str, execution_id: str) -> tuple[str, str] | None:
        """See `ExecutionStore`."""
        with self._lock:
            row = self._db.execute("SELECT fingerprint, execution FROM tokens WHERE token = ?", (token,)).fetchone()
            if row:
                return str(row[0]), str(row[1])
            self._db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", (token, fingerprint, execution_id, time.time()))
        return None

    def release_token(self, token: str) -> None:
        """See `ExecutionStore`."""
        with self._lock:
            self._db.execute("DELETE FROM tokens WHERE token = ?", (token,))

    def forget_before(self, moment: float) -> None:
        """Drop what ended before `moment`."""
        with self._lock:
            self._db.execute(
                "DELETE FROM steps WHERE execution IN (SELECT id FROM executions WHERE ended < ?)", (moment,)
            )
            self._db.execute("DELETE FROM executions WHERE ended < ?", (moment,))
            self._db.execute("DELETE FROM tokens WHERE claimed < ?", (moment,))

    def close(self) -> None:
        """Write what changed and close the file."""
        with self._lock:
            self._write()
            self._closed = True
            self._db.close()
        self._changed.set()

    def _read(self, query: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with self._lock:
            self._write()
            return self._db.execute(query, values).fetchall()


def _text(record: ExecutionRecord | StepRecord) -> str:
    return json.dumps(vars(record), separators=(",", ":"))
