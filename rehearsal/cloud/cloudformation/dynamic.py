"""Dynamic references (`{{resolve:service:…}}`): fetched when a resource is made, and kept nowhere."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.cloud.cloudformation.errors import ResourceFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    Clients = Callable[[str], Any]

REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")


def with_secrets(value: Any, clients: Clients) -> Any:
    """Return `value` with every dynamic reference replaced. Raises ResourceFailed when one cannot be fetched."""
    if isinstance(value, dict):
        return {key: with_secrets(inner, clients) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_secrets(inner, clients) for inner in value]
    if isinstance(value, str) and "{{resolve:" in value:
        return REFERENCE.sub(lambda match: _fetch(match[1], match[2], clients), value)
    return value


def _fetch(service: str, reference: str, clients: Clients) -> str:
    try:
        if service == "secretsmanager":
            return _secret(reference, clients)
        found = clients("ssm").get_parameter(Name=reference, WithDecryption=service == "ssm-secure")
        return str(found["Parameter"]["Value"])
    except ClientError as error:
        text = f"Could not resolve the dynamic reference {{{{resolve:{service}:{reference}}}}}: {error}"
        raise ResourceFailed(text) from error


def _secret(reference: str, clients: Clients) -> str:
    """Fetch `secret-id:SecretString:json-key:version-stage:version-id`; an ARN as ID has colons itself."""
    if reference.startswith("arn:"):
        parts = reference.split(":")
        secret_id, rest = ":".join(parts[:7]), parts[7:]
    else:
        secret_id, *rest = reference.split(":")
    _, json_key, stage, version = [*rest, *[""] * 4][:4]
    wanted = {"VersionStage": stage, "VersionId": version}
    stored = clients("secretsmanager").get_secret_value(
        SecretId=secret_id, **{key: value for key, value in wanted.items() if value}
    )["SecretString"]
    if not json_key:
        return str(stored)
    try:
        return str(json.loads(stored)[json_key])
    except (ValueError, KeyError, TypeError) as error:
        raise ResourceFailed(f"Could not find the key {json_key} in the secret {secret_id}.") from error
