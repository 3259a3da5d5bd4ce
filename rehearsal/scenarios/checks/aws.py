"""Asks an AWS API and looks into the answer with a JMESPath query, as `aws … --query` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jmespath

from rehearsal.scenarios.answers import judge
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.surroundings import Surroundings


def ask(settings: Mapping[str, Any], surroundings: Surroundings) -> str:
    """`operation` is boto3's name of it (describe_instances); paginated answers are put together first."""
    client = surroundings.aws.client(settings["service"])
    operation = settings["operation"]
    if not hasattr(client, operation):
        raise ScenarioError(f"boto3's {settings['service']} has no operation {operation}")
    parameters = settings.get("parameters", {})
    if client.can_paginate(operation):
        answer = client.get_paginator(operation).paginate(**parameters).build_full_result()
    else:
        answer = getattr(client, operation)(**parameters)
    if "query" in settings:
        answer = jmespath.search(settings["query"], answer)
    wrong = judge(settings["answer"], answer)
    return f"{settings['service']} {operation}: {wrong}" if wrong else ""
