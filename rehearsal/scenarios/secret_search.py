"""Searches for the values of secrets everywhere that they must not be."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import shlex
import urllib.parse
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from rehearsal.scenarios.checks import CheckResult
from rehearsal.scenarios.outputs import invocation_of
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rehearsal.scenarios.aws import Aws
    from rehearsal.scenarios.model import Secret
    from rehearsal.scenarios.surroundings import Surroundings

SHORTEST = 8  # a value shorter than this would be found by chance, and guessed from its digest


@dataclass(frozen=True)
class Needle:
    """One way in which a secret's value may be written."""

    secret: str
    form: str
    value: str


def needles(aws: Aws, secret: Secret) -> list[Needle]:
    """Every version of a secret, as it is and as URLs, JSON and Basic authentication write it."""
    client = aws.client("secretsmanager")
    versions = client.list_secret_version_ids(SecretId=secret.id, IncludeDeprecated=True)["Versions"]
    found = []
    for version in versions:
        if not version.get("VersionStages"):
            continue  # deprecated: the service no longer gives its value
        text = client.get_secret_value(SecretId=secret.id, VersionId=version["VersionId"])["SecretString"]
        value = str(json.loads(text)[secret.key]) if secret.key else text
        if len(value) < SHORTEST or re.search(r"\s", value):
            raise ScenarioError(
                f"secret {secret.id} cannot be searched for: it must have {SHORTEST} characters or more, and no space"
            )
        forms = {
            "plain": value,
            "in a URL": urllib.parse.quote(value, safe=""),
            "in JSON": json.dumps(value)[1:-1],
            "in Base64": base64.b64encode(value.encode()).decode().rstrip("="),
        }
        found += [Needle(secret.id, form, written) for form, written in forms.items()]
    return list({needle.value: needle for needle in reversed(found)}.values())


def search(surroundings: Surroundings, *, stacks: Iterable[str], texts: Mapping[str, str]) -> list[CheckResult]:
    """One check a secret: its value is in no place of the account's history, on no host's record, in none of `texts`.

    `texts` are what the rehearsal itself has gathered and written, by name.
    """
    results = []
    for secret in surroundings.common.secrets:
        filled = type(secret)(surroundings.values.fill(secret.id), secret.key)
        wanted = needles(surroundings.aws, filled)
        places = {**texts, **dict(_account(surroundings.aws, stacks))}
        found = [
            f"{name} ({needle.form})" for name, text in places.items() for needle in wanted if needle.value in text
        ]
        searched = f"{len(places)} texts"
        for host, instance_id in surroundings.hosts.all():
            count, on_host = _search_host(surroundings, instance_id, wanted)
            found += [f"{host}: {place}" for place in on_host]
            searched += f", {count} places on {host}"
        detail = f"found in {', '.join(sorted(set(found)))}" if found else f"in none of {searched}"
        results.append(CheckResult(f"secret {_short_name(filled)} shows nowhere", not found, detail))
    return results


def _short_name(secret: Secret) -> str:
    name = secret.id.rpartition(":")[2]
    return f"{name} ({secret.key})" if secret.key else name


def _account(aws: Aws, stacks: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(name, text) of everything that the account remembers: templates, parameters, events, commands, executions."""
    cloudformation, ssm = aws.client("cloudformation"), aws.client("ssm")
    for stack in stacks:
        yield f"template of {stack}", _text(cloudformation.get_template(StackName=stack)["TemplateBody"])
        yield f"description of {stack}", _text(cloudformation.describe_stacks(StackName=stack)["Stacks"])
        yield f"events of {stack}", _text(_all(cloudformation, "describe_stack_events", StackName=stack))
    for command in _all(ssm, "list_commands")["Commands"]:
        yield f"command {command['CommandId']}", _text(command)
    for invocation in _all(ssm, "list_command_invocations", Details=True)["CommandInvocations"]:
        name = f"output of command {invocation['CommandId']} on {invocation['InstanceId']}"
        yield name, _text(invocation)
        for plugin in invocation.get("CommandPlugins", []):
            yield (
                f"{name}, {plugin['Name']}",
                _text(invocation_of(ssm, invocation["CommandId"], invocation["InstanceId"], plugin["Name"])),
            )
    for execution in _all(ssm, "describe_automation_executions")["AutomationExecutionMetadataList"]:
        execution_id = execution["AutomationExecutionId"]
        answer = ssm.get_automation_execution(AutomationExecutionId=execution_id)
        yield f"execution {execution_id} of {execution['DocumentName']}", _text(answer["AutomationExecution"])


def _all(client: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    result: dict[str, Any] = client.get_paginator(operation).paginate(**parameters).build_full_result()
    return result


def _text(answer: Any) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer, default=str, ensure_ascii=False)


def _search_host(surroundings: Surroundings, instance_id: str, wanted: Iterable[Needle]) -> tuple[int, list[str]]:
    """How many places a host searched in itself, and in which it found something.

    The value must not travel: the command that carries it would itself be a place where it shows. The host gets salted
    digests, and compares them with the digest of every stretch of that length in its journal, logs, settings and
    process listings.
    """
    salt = secrets.token_hex(16)
    digests = [[len(needle.value), _digest(salt, needle.value), needle.form] for needle in wanted]
    script = resources.files(__package__).joinpath("host_search.py").read_text(encoding="utf-8")
    config = json.dumps({"salt": salt, "digests": digests})
    command = f"python3 - {shlex.quote(config)} <<'END-OF-SEARCH'\n{script}\nEND-OF-SEARCH\n"
    done = surroundings.hosts.run_on(instance_id, command, timeout_seconds=120)
    if not done.passed:
        raise ScenarioError(f"the search for secrets on {instance_id} is {done.status}: {done.stderr.strip()}")
    answer = json.loads(done.stdout)
    return answer["searched"], answer["found"]


def _digest(salt: str, value: str) -> str:
    return hashlib.sha256((salt + value).encode()).hexdigest()


def files_as_texts(paths: Iterable[Path]) -> dict[str, str]:
    """The text of each file that exists, by its name."""
    return {path.name: path.read_text(encoding="utf-8", errors="replace") for path in paths if path.is_file()}
