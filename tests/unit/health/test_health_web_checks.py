"""Each check of what customers see, made to fail alone, over real sockets."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import Behaviour

if TYPE_CHECKING:
    from .conftest import StartSite

from results import Finding, Status
from running import Check, run_all
from web_checks import check_certificate, check_https, check_readiness, check_redirect

WEB_CHECKS = (
    Check("Https", check_https, counts=True),
    Check("Redirect", check_redirect, counts=False),
    Check("Readiness", check_readiness, counts=True),
    Check("Certificate", check_certificate, counts=True),
)


def _look(settings: Any) -> dict[str, Finding]:
    return {result.name: result.finding for result in run_all(WEB_CHECKS, settings, limit_seconds=30)}


def _failing(findings: dict[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.status is not Status.OK}


def test_a_healthy_site_is_ok_everywhere(start_site: StartSite) -> None:
    findings = _look(start_site())
    assert _failing(findings) == set()
    assert "release r1" in findings["Readiness"].detail
    assert "89% of the lifetime left" in findings["Certificate"].detail


@pytest.mark.parametrize(
    ("faults", "check", "status", "cause"),
    [
        ({"behaviour": Behaviour(home=502)}, "Https", Status.DOWN, "answered 502"),
        ({"redirect": (200, "")}, "Redirect", Status.DOWN, "200 instead of a redirect"),
        ({"redirect": (301, "https://evil.example/")}, "Redirect", Status.DOWN, "redirects to https://evil.example/"),
        (
            {"behaviour": Behaviour(ready=503, ready_body=b'{"status":"unavailable","database":"refused"}')},
            "Readiness",
            Status.DOWN,
            "503: database refused",
        ),
        ({"behaviour": Behaviour(ready_body=b"<html>")}, "Readiness", Status.DOWN, "no JSON object"),
        ({"age_days": 90, "left_days": -1}, "Certificate", Status.DOWN, "certificate has expired"),
        ({"certificate_name": "other.example"}, "Certificate", Status.DOWN, "Hostname mismatch"),
        ({"trusted": False}, "Certificate", Status.DOWN, "unable to get local issuer certificate"),
        ({"age_days": 80, "left_days": 10}, "Certificate", Status.DEGRADED, "renewal is overdue: 11%"),
        ({"age_days": 5, "left_days": 0.5}, "Certificate", Status.DEGRADED, "renewal is overdue: 9%"),
    ],
)
def test_one_fault_fails_one_check_and_names_the_cause(
    start_site: StartSite, faults: dict[str, Any], check: str, status: Status, cause: str
) -> None:
    findings = _look(start_site(**faults))
    assert _failing(findings) == {check}
    assert findings[check].status is status
    assert cause in findings[check].detail


def test_a_short_lived_certificate_is_judged_by_its_fraction(start_site: StartSite) -> None:
    findings = _look(start_site(age_days=1, left_days=5))
    assert findings["Certificate"].status is Status.OK


def test_a_slow_answer_is_degraded(start_site: StartSite) -> None:
    settings = replace(start_site(behaviour=Behaviour(delay_seconds=0.3)), slow_ms=100)
    findings = _look(settings)
    assert _failing(findings) == {"Https"}
    assert findings["Https"].status is Status.DEGRADED
    assert "more than 100 ms" in findings["Https"].detail


def test_a_closed_port_is_down_and_the_other_port_is_still_seen(start_site: StartSite) -> None:
    settings = start_site()
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        findings = _look(replace(settings, https_port=reserved.getsockname()[1]))
    assert _failing(findings) == {"Https", "Readiness", "Certificate"}
    assert "refused" in findings["Https"].detail.lower()


def test_a_server_that_never_answers_is_given_up(start_site: StartSite) -> None:
    settings = start_site()
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen(16)
        findings = _look(replace(settings, http_port=mute.getsockname()[1], check_timeout=2))
    assert _failing(findings) == {"Redirect"}
    assert "timed out" in findings["Redirect"].detail


def test_a_stack_without_a_domain_has_no_redirect_and_no_certificate(start_site: StartSite) -> None:
    settings = start_site(redirect=(200, ""))
    plain = replace(settings, https=False)
    assert check_redirect(plain).status is Status.OK
    assert check_certificate(plain).status is Status.OK
    assert check_https(plain).status is Status.OK


def test_readiness_details_are_bounded(start_site: StartSite) -> None:
    body = json.dumps({"database": "x" * 5000}).encode()
    finding = _look(start_site(behaviour=Behaviour(ready=503, ready_body=body)))["Readiness"]
    assert len(finding.detail) < 200
