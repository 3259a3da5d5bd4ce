"""The function's settings, from its environment. No secret is among them: the function reads none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """What to watch. Times are in seconds."""

    stack_name: str
    host: str
    https: bool
    https_port: int
    http_port: int
    slow_ms: int
    check_timeout: float
    backup_bucket: str
    backup_prefix: str
    backup_max_age_hours: float
    ca_file: str | None


class SettingsError(ValueError):
    """The environment lacks a setting or holds one that cannot be."""


def read(environment: Mapping[str, str]) -> Settings:
    """Raise SettingsError, naming the variable, where the environment does not make sense."""
    for name in ("STACK_NAME", "PUBLIC_HOST"):
        if not environment.get(name):
            raise SettingsError(f"the environment variable {name} is empty: set it in the function's configuration")
    return Settings(
        stack_name=environment["STACK_NAME"],
        host=environment["PUBLIC_HOST"],
        https=environment.get("HTTPS", "true") == "true",
        https_port=int(_number(environment, "HTTPS_PORT", 443)),
        http_port=int(_number(environment, "HTTP_PORT", 80)),
        slow_ms=int(_number(environment, "SLOW_MS", 2000)),
        check_timeout=_number(environment, "CHECK_TIMEOUT_SECONDS", 5),
        backup_bucket=environment.get("BACKUP_BUCKET", ""),
        backup_prefix=environment.get("BACKUP_PREFIX", ""),
        backup_max_age_hours=_number(environment, "BACKUP_MAX_AGE_HOURS", 26),
        ca_file=environment.get("CA_FILE") or None,
    )


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value <= 0:
        raise SettingsError(f"the environment variable {name} is {text!r}: it has to be a number above 0")
    return value
