"""One check never hides another; the answer and the metrics keep their shapes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from metrics import emf_line
from results import Finding, Result, Status, answer, overall
from running import Check, run_all
from settings import SettingsError, read

from .conftest import FUNCTION

if TYPE_CHECKING:
    from .conftest import StartSite

GOOD = {"STACK_NAME": "shop", "PUBLIC_HOST": "shop.example.test"}


def _ok(_: Any) -> Finding:
    return Finding(Status.OK, "fine", (("BackupAge", 5.0, "Seconds"),))


def _raises(_: Any) -> Finding:
    raise RuntimeError("the service said no")


def _hangs(_: Any) -> Finding:
    threading.Event().wait()
    raise AssertionError("nothing ever sets it")


def test_a_check_that_raises_or_hangs_leaves_the_others_alone() -> None:
    checks = (
        Check("Hung", _hangs, counts=True),
        Check("Raised", _raises, counts=False),
        Check("Fine", _ok, counts=True),
    )
    results = run_all(checks, read(GOOD), limit_seconds=2)
    assert [result.name for result in results] == ["Hung", "Raised", "Fine"]
    assert results[0].finding == Finding(Status.DOWN, "no answer within 2 s")
    assert results[1].finding == Finding(Status.DOWN, "RuntimeError: the service said no")
    assert results[2].finding.status is Status.OK


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ({"Https": Status.OK, "Backup": Status.OK}, Status.OK),
        ({"Https": Status.OK, "Backup": Status.DOWN}, Status.DEGRADED),
        ({"Https": Status.DEGRADED, "Backup": Status.OK}, Status.DEGRADED),
        ({"Https": Status.DOWN, "Backup": Status.OK}, Status.DOWN),
    ],
)
def test_only_what_customers_notice_is_down(statuses: dict[str, Status], worst: Status) -> None:
    results = [Result(name, Finding(status, ""), 1, name == "Https") for name, status in statuses.items()]
    assert overall(results) is worst
    assert answer(results)["status"] == worst.value


def test_the_metrics_line_is_valid_embedded_metric_format() -> None:
    results = run_all(
        (Check("Backup", _ok, counts=False), Check("Https", _raises, counts=True)), read(GOOD), limit_seconds=5
    )
    line = json.loads(emf_line("shop", results))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["StackName"]]
    assert line["StackName"] == "shop"
    for metric in directive["Metrics"]:
        assert isinstance(line[metric["Name"]], int | float), metric
    assert (line["HttpsSeverity"], line["BackupSeverity"], line["ServiceDown"]) == (2.0, 0.0, 1.0)
    assert line["BackupAge"] == 5.0
    assert line["Details"]["Https"] == "RuntimeError: the service said no"
    assert set(line["LatencyMs"]) == {"Https", "Backup"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"STACK_NAME": ""}, "STACK_NAME"),
        ({"PUBLIC_HOST": ""}, "PUBLIC_HOST"),
        ({"SLOW_MS": "fast"}, "SLOW_MS"),
        ({"HTTPS_PORT": "-1"}, "HTTPS_PORT"),
    ],
)
def test_a_bad_setting_is_named(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        read({**GOOD, **change})


def test_the_function_loads_no_aws_library_before_it_is_needed() -> None:
    """Its cold start is standard library alone; boto3 loads beside the checks that do without it."""
    code = "import sys, handler; print(sorted(m for m in sys.modules if m.split('.')[0] in ('boto3', 'botocore')))"
    said = subprocess.run([sys.executable, "-c", code], cwd=FUNCTION, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


def test_the_handler_answers_a_direct_invocation(start_site: StartSite) -> None:
    """As `sam local invoke` and `python -c` do: the function's folder, its environment, an event."""
    site = start_site()
    environment = {
        "STACK_NAME": "shop", "PUBLIC_HOST": site.host, "HTTPS_PORT": str(site.https_port),
        "HTTP_PORT": str(site.http_port), "SLOW_MS": "60000", "CA_FILE": str(site.ca_file), "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ACCESS_KEY_ID": "played", "AWS_SECRET_ACCESS_KEY": "played", "AWS_DEFAULT_REGION": "us-east-1",
        "PATH": os.environ["PATH"],
    }  # fmt: skip
    code = "import json; from handler import handler; print(json.dumps(handler({}, None)))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=FUNCTION, env=environment, check=True, capture_output=True, text=True
    )
    line, said = (json.loads(text) for text in run.stdout.splitlines())
    found = {check["name"]: check["status"] for check in said["checks"]}
    assert found == {
        "Https": "ok", "Redirect": "ok", "Readiness": "ok", "Certificate": "ok",
        "Agents": "down", "NatGateway": "down", "Backup": "ok",
    }  # fmt: skip
    assert said["status"] == line["Status"] == "degraded", "customers are served, whatever AWS's own APIs do"
    assert (line["ServiceDown"], line["AgentsSeverity"], line["HttpsSeverity"]) == (0.0, 2.0, 0.0)
    assert all(set(check) == {"name", "status", "latency_ms", "detail"} for check in said["checks"])
