"""Settings of a host's agent: amazon-ssm-agent.json, the keys that the genuine agent has too."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.agent import AGENT_VERSION
from rehearsal.agent.content import member
from rehearsal.agent.run_context import version_tuple

DEFAULT_PATH = Path("/etc/amazon/ssm/amazon-ssm-agent.json")
DEFAULT_DATA = Path("/var/lib/amazon/ssm")
_MAX_FILE = 1_048_576


class ConfigError(Exception):
    """The file is not what an agent can start with; the text names the file, the key and what is wrong."""


@dataclass(frozen=True)
class Config:
    """Endpoints are full URLs, empty for AWS's own. `health_seconds` lies between two reports of the agent."""

    ssm_endpoint: str = ""
    mds_endpoint: str = ""
    s3_endpoint: str = ""
    region: str = ""
    agent_version: str = AGENT_VERSION
    workers: int = 5
    resume_limit: int = 15
    health_seconds: float = 60.0
    poll_seconds: float = 20.0

    def endpoint(self, service: str, region: str) -> str:
        """The URL for one of `ssm`, `ec2messages`, `s3`, `logs` and so on."""
        own = {"ssm": self.ssm_endpoint, "ec2messages": self.mds_endpoint, "s3": self.s3_endpoint}.get(service)
        return own or configured_endpoint(service) or f"https://{service}.{region}.amazonaws.com"


def read_config(path: Path) -> Config:
    """The settings in `path`; defaults when there is no such file, as for the genuine agent."""
    try:
        with path.open("rb") as file:
            raw = json.loads(file.read(_MAX_FILE))
    except FileNotFoundError:
        return Config()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from None
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: must be a JSON object with Agent, Ssm and Mds")
    settings = _Settings(path, raw)
    version = settings.text("Agent", "Version") or AGENT_VERSION
    try:
        version_tuple(version)
    except ValueError:
        raise ConfigError(f"{path}: Agent.Version must be numbers with dots, not {version!r}") from None
    return Config(
        ssm_endpoint=settings.url("Ssm"),
        mds_endpoint=settings.url("Mds"),
        s3_endpoint=settings.url("S3"),
        region=settings.text("Agent", "Region"),
        agent_version=version,
        workers=int(settings.number("Mds", "CommandWorkersLimit", 5, (1, 10))),
        resume_limit=int(settings.number("Mds", "CommandRetryLimit", 15, (1, 100))),
        health_seconds=60 * settings.number("Ssm", "HealthFrequencyMinutes", 1, (0.01, 60)),
        poll_seconds=settings.number("Mds", "StopTimeoutMillis", 20_000, (100, 1_000_000)) / 1000,
    )


def configured_endpoint(service: str) -> str:
    """What AWS's tools on this host use: AWS_ENDPOINT_URL(_SERVICE), else `endpoint_url` in AWS_CONFIG_FILE."""
    for name in (f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_ENDPOINT_URL"):
        if os.environ.get(name):
            return os.environ[name]
    path = os.environ.get("AWS_CONFIG_FILE")
    if not path:
        return ""
    import configparser  # noqa: PLC0415 - only for calls to S3 and logs

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, OSError):
        return ""
    return parser.get("default", "endpoint_url", fallback="")


class _Settings:
    """The file's sections; what is not of the right type is named."""

    def __init__(self, path: Path, raw: dict[str, Any]) -> None:
        self._path = path
        self._raw = raw

    def text(self, section: str, key: str) -> str:
        value = self._member(section, key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise ConfigError(f"{self._path}: {section}.{key} must be a string")
        return value

    def url(self, section: str) -> str:
        value = self.text(section, "Endpoint")
        if value and not value.startswith(("http://", "https://")):
            wanted = "must be a full URL such as https://host:port"
            raise ConfigError(f"{self._path}: {section}.Endpoint {wanted}, not {value!r}")
        return value.rstrip("/")

    def number(self, section: str, key: str, default: float, limits: tuple[float, float]) -> float:
        """The number, or the default when it is outside its limits."""
        value = self._member(section, key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ConfigError(f"{self._path}: {section}.{key} must be a number")
        return value if limits[0] <= value <= limits[1] else default

    def _member(self, section: str, key: str) -> Any:
        value = member(self._raw, section)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ConfigError(f"{self._path}: {section} must be an object")
        return member(value, key)
