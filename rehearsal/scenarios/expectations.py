"""Judges what a run ended with against what its file expects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jmespath

from rehearsal.scenarios.answers import judge, shorten
from rehearsal.scenarios.checks import CheckResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.measure import Requests
    from rehearsal.scenarios.model import Expect
    from rehearsal.scenarios.results import Run


def judge_run(expect: Expect, run: Run) -> list[CheckResult]:
    """One check each for the status, and for the duration, the message and the outputs where the file expects any."""
    checks = [CheckResult(f"ends {expect.status}", run.status == expect.status, run.message or run.status)]
    if (most := expect.within_seconds) is not None:
        checks.append(CheckResult(f"ends within {most:g} s", run.seconds <= most, f"{run.seconds} s"))
    if expect.message is not None:
        wrong = judge(expect.message, run.message)
        checks.append(CheckResult("says why", not wrong, wrong))
    for name, wanted in expect.outputs.items():
        wrong = _output(run, name, wanted)
        checks.append(CheckResult(f"output {name}", not wrong, wrong))
    return checks


def judge_loss(requests: Requests, allowed: int | Mapping[str, int]) -> list[CheckResult]:
    """One check for all requests, or one for each path that `allowed` names."""
    if isinstance(allowed, int):
        return [_loss(requests, requests.lost, allowed, "")]
    lost = {path: sum(loss.count for loss in requests.losses if loss.path == path) for path in allowed}
    return [_loss(requests, lost[path], most, path) for path, most in allowed.items()]


def _loss(requests: Requests, lost: int, allowed: int, path: str) -> CheckResult:
    losses = [loss for loss in requests.losses if path in ("", loss.path)]
    worst = "; ".join(f"{loss.count} of {loss.path}: {loss.error}" for loss in losses[:5])
    detail = f"{lost} of {requests.sent} lost" + (f": {worst}" if worst else "")
    return CheckResult(f"loses at most {allowed} requests" + (f" of {path}" if path else ""), lost <= allowed, detail)


def _output(run: Run, name: str, wanted: Mapping[str, Any]) -> str:
    if name not in run.outputs:
        return f"there is no such output; there are {', '.join(sorted(run.outputs)) or 'none'}"
    values = run.outputs[name]
    answer: Any = values[0] if len(values) == 1 else list(values)
    if "query" in wanted:
        text = "\n".join(values).strip()
        try:
            # A command's output is what it wrote; by convention its last line is one JSON object.
            answer = jmespath.search(wanted["query"], json.loads(text.rpartition("\n")[2] or text))
        except json.JSONDecodeError:
            return f"its last line is no JSON: {shorten(text)}"
    return judge(wanted["answer"], answer)
