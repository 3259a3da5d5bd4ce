"""Asks an AWS API and looks into the answer with a JMESPath query, as `aws … --query` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath

from rehearsal.scenarios.answers import judge
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.surroundings import Surroundings


def call(settings: Mapping[str, Any], surroundings: Surroundings) -> Any:
    """The answer to `operation`, boto3's name of it (describe_instances); paginated answers are put together first."""
    client = surroundings.aws.client(settings["service"])
    operation = settings["operation"]
    if not hasattr(client, operation):
        raise ScenarioError(f"boto3's {settings['service']} has no operation {operation}")
    parameters = settings.get("parameters", {})
    if client.can_paginate(operation):
        return client.get_paginator(operation).paginate(**parameters).build_full_result()
    return getattr(client, operation)(**parameters)


def read(settings: Mapping[str, Any], surroundings: Surroundings) -> Any:
    answer = call(settings, surroundings)
    return jmespath.search(settings["query"], answer) if "query" in settings else answer


def ask(settings: Mapping[str, Any], surroundings: Surroundings) -> str:
    wrong = judge(settings["answer"], read(settings, surroundings))
    return f"{settings['service']} {settings['operation']}: {wrong}" if wrong else ""
