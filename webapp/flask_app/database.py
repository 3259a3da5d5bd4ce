"""The connection pool, and the refetching of credentials that a rotation relies on."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymysql
import sqlalchemy

from flask_app.credentials import Credentials, CredentialsError, SecretsManagerCredentials, secrets_client
from flask_app.dialect import REFUSED_CREDENTIALS, dialect_of, error_number, statement_timeout

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from sqlalchemy.pool import ConnectionPoolEntry

    from flask_app.config import Settings

LOGGER = logging.getLogger(__name__)
# Connections live for minutes, so that after a rotation no connection of the old password lasts.
POOL_RECYCLE_SECONDS = 300
RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Health:
    """What one probe of the database showed; `detail` names the failure without any secret."""

    ready: bool
    detail: str
    secret_version: str | None


class Database:
    """Lazily made SQLAlchemy engine: pooled, pre-pinged, with bounded waits."""

    def __init__(self, settings: Settings, *, client_flag: int = 0, statement_limit: bool = True) -> None:
        """`client_flag` is PyMySQL's; `statement_limit=False` lets statements run as long as they need (migrations)."""
        self._settings = settings
        self._client_flag = client_flag
        self._statement_limit = statement_limit
        self._lock = threading.Lock()
        self._engine: sqlalchemy.Engine | None = None
        self._failure = ""
        self._next_try = 0.0

    @property
    def engine(self) -> sqlalchemy.Engine:
        with self._lock:
            if self._engine is None:
                self._engine = self._make_engine()
            return self._engine

    def check(self) -> Health:
        """Ask the database for one row, over the pool that requests use. Never raises.

        While it fails, one request a second tries and the others get the last failure at once: a database that swallows
        packets must not hold every thread, or the pages that need no database would be away with it.
        """
        with self._lock:
            if self._failure and time.monotonic() < self._next_try:
                return Health(ready=False, detail=self._failure, secret_version=None)
            self._next_try = time.monotonic() + RETRY_SECONDS
        try:
            with self.engine.connect() as connection:
                connection.execute(sqlalchemy.text("SELECT 1")).scalar_one()
                version = connection.info.get("secret_version")
        except Exception as error:  # noqa: BLE001 - whatever is wrong, a health check reports it
            self._report(describe(error))
            return Health(ready=False, detail=describe(error), secret_version=None)
        self._report("")
        return Health(ready=True, detail="", secret_version=version)

    def _report(self, detail: str) -> None:
        """Remember the state, and log a change of it once, not once a request."""
        with self._lock:
            if detail == self._failure:
                return
            self._failure = detail
        if detail:
            LOGGER.warning("the database cannot be used: %s", detail)
        else:
            LOGGER.warning("the database can be used again")

    def _make_engine(self) -> sqlalchemy.Engine:
        settings = self._settings
        pool: dict[str, Any] = {
            "pool_pre_ping": True,
            "pool_recycle": POOL_RECYCLE_SECONDS,
            "pool_timeout": settings.database_timeout,
            "pool_size": settings.pool_size,
            "max_overflow": settings.pool_size,
        }
        if settings.database_url is not None:
            return sqlalchemy.create_engine(
                settings.database_url, connect_args={"client_flag": self._client_flag}, **pool
            )
        connector = _Connector(settings, self._client_flag, self._statement_limit)
        engine = sqlalchemy.create_engine("mysql+pymysql://", creator=connector.connect, **pool)
        sqlalchemy.event.listen(engine, "connect", self._note_version)
        return engine

    @staticmethod
    def _note_version(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["secret_version"] = getattr(connection, "secret_version", None)


@dataclass
class _Connector:
    """Opens connections with the current credentials, and once more with fresh ones after a refusal."""

    settings: Settings
    client_flag: int
    statement_limit: bool
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _source: SecretsManagerCredentials | None = field(default=None, init=False)

    def connect(self) -> Connection:
        source = self._credentials()
        credentials = source.current()
        try:
            return self._open(credentials)
        except pymysql.err.MySQLError as error:
            if error_number(error) not in REFUSED_CREDENTIALS:
                raise
            fresh = source.after_refusal(credentials)
            if fresh is None:
                raise
        return self._open(fresh)

    def _credentials(self) -> SecretsManagerCredentials:
        with self._lock:
            if self._source is None:
                settings = self.settings
                client = secrets_client(settings.region, settings.database_timeout)
                self._source = SecretsManagerCredentials(str(settings.secret_arn), client, settings.secret_stage)
            return self._source

    def _open(self, credentials: Credentials) -> Connection:
        settings = self.settings
        connection = pymysql.connect(
            host=settings.database_host,
            port=settings.database_port,
            user=credentials.username,
            # PyMySQL itself would encode text as Latin-1, and the server compares bytes.
            password=credentials.password.encode(),
            database=settings.database_name,
            charset="utf8mb4",
            connect_timeout=max(1, round(settings.database_timeout)),
            read_timeout=settings.database_timeout if self.statement_limit else None,
            write_timeout=settings.database_timeout,
            client_flag=self.client_flag,
            ssl=_tls() if settings.database_tls else None,
        )
        # Remembered on the connection, so that each answer of /readyz names the version that opened it.
        connection.secret_version = credentials.version
        if not self.statement_limit:
            return connection
        with connection.cursor() as cursor:
            cursor.execute(statement_timeout(dialect_of(connection.get_server_info()), settings.database_timeout))
        return connection


def _tls() -> ssl.SSLContext:
    # Encrypted, but the server is not authenticated: both engines make their own certificate at installation. What
    # stands in for it is the security group, which lets the web host alone reach the database's private address.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def describe(error: BaseException) -> str:
    """Name a failure by its kind and number only: messages of drivers quote host names and users."""
    if isinstance(error, CredentialsError):
        return str(error)
    number = error_number(error)
    return type(error).__name__ if number is None else f"{type(error).__name__} {number}"
