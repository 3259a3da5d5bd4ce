"""Settings, read once from the environment that /etc/flask-app.env gives the process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE_FILE = Path(__file__).resolve().parents[1] / "RELEASE"
MAXIMUM_TIMEOUT_SECONDS = 60.0


class ConfigurationError(Exception):
    """A setting that cannot be used; the text names the setting and what it has to look like."""


@dataclass(frozen=True)
class Settings:
    """`database_url` overrides everything that concerns the database; it is for local work.

    Otherwise `secret_arn` names a Secrets Manager secret with the JSON keys `username` and `password`, and the other
    `database_*` settings say where the server is. Timeouts are in seconds.
    """

    release: str
    database_url: str | None
    secret_arn: str | None
    secret_stage: str
    region: str | None
    database_host: str
    database_port: int
    database_name: str
    database_tls: bool
    database_timeout: float
    pool_size: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        url = environment.get("DATABASE_URL") or None
        arn = environment.get("DATABASE_SECRET_ARN") or None
        if url is None and arn is None:
            raise ConfigurationError("set DATABASE_SECRET_ARN (or DATABASE_URL for local work) in /etc/flask-app.env")
        return cls(
            release=environment.get("RELEASE") or release_of(RELEASE_FILE),
            database_url=url,
            secret_arn=arn,
            secret_stage="AWSCURRENT",  # noqa: S106 - a stage, not a secret
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None,
            database_host=environment.get("DATABASE_HOST", "127.0.0.1"),
            database_port=int(_number(environment, "DATABASE_PORT", 3306, 65535)),
            database_name=environment.get("DATABASE_NAME", "appdb"),
            database_tls=environment.get("DATABASE_TLS", "required") != "disabled",
            database_timeout=_number(environment, "DATABASE_TIMEOUT_SECONDS", 2, MAXIMUM_TIMEOUT_SECONDS),
            pool_size=int(_number(environment, "DATABASE_POOL_SIZE", 4, 64)),
        )


def release_of(path: Path) -> str:
    """Give the release's identifier: the file RELEASE, which a deployment writes beside the package."""
    try:
        return path.read_text(encoding="utf-8").strip() or "development"
    except FileNotFoundError:
        return "development"


def _number(environment: Mapping[str, str], name: str, default: float, maximum: float) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= maximum:
        raise ConfigurationError(f"{name} is {text!r}: it has to be a number above 0 and at most {maximum:g}")
    return value
