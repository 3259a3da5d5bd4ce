"""The four playbooks: nothing on a healthy stack, and the right cause for each fault, by facts as hosts give them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

HEALTHY: dict[str, Any] = {
    "domain": "shop.example.test",
    "address": "203.0.113.7",
    "network": {
        "web_state": "running",
        "database_state": "running",
        "public_ip": "203.0.113.7",
        "web_route": "igw-1",
        "database_route": "nat-1",
        "nat": {"nat-1": "available"},
        "web_ports": {"80": ["0.0.0.0/0"], "443": ["0.0.0.0/0"]},
        "database_ports": {"3306": ["sg-web"]},
        "web_groups": ["sg-web"],
    },
    "web": {
        "nginx": "active",
        "nginx_test": "",
        "application": "active",
        "socket": "active",
        "release": "058ea298ba38",
        "application_error": "",
        "livez": "200",
        "readyz": "200",
        "readyz_database": "ok",
        "page": "200",
        "allowlist": "0",
        "disk_percent": "28",
        "inodes_percent": "4",
        "database_port": "open",
        "resolves_to": "203.0.113.7",
        "acme_directory": "200",
        "renewal_timer": "active",
        "certificate": "present",
        "certificate_percent_left": "80",
        "certificate_name": "1",
        "certificate_until": "Jan 20 00:00:00 2027 GMT",
        "certificate_served": "newest",
    },
    "database": {
        "engine": "mysql",
        "volume": "mounted",
        "disk_percent": "28",
        "data_percent": "12",
        "server": "active",
        "answers": "1",
        "listens": "10.0.2.10:3306",
        "address": "10.0.2.10",
        "accounts": "1",
        "connections": "3",
        "connections_limit": "100",
        "server_error": "",
    },
}
# Playbook, the facts that differ, words of the cause, words of the remedy.
FAULTS = [
    ("http", {"network.web_state": "stopped"}, "web host is stopped", "start the instance"),
    ("http", {"network.web_ports": {"80": ["0.0.0.0/0"]}}, "port 443", "update the stack"),
    ("http", {"web.disk_percent": "100"}, "disk is full", "CollectDiagnostics"),
    ("http", {"web.nginx": "inactive"}, "nginx is inactive", "RestartNginx"),
    ("http", {"web.nginx_test": "[emerg] unknown directive"}, "unknown directive", "BootstrapStack"),
    ("http", {"web.socket": "inactive"}, "socket is inactive", "RestartFlask with Mode=hard"),
    ("http", {"web.application": "failed", "web.livez": "000"}, "application is failed", "RestartFlask"),
    (
        "http",
        {"web.application": "activating", "web.application_error": "ModuleNotFoundError: x"},
        "ModuleNotFoundError",
        "RollbackRelease",
    ),
    ("http", {"web.livez": "000"}, "processes hang", "RestartFlask with Mode=hard"),
    ("http", {"web.readyz": "503", "web.readyz_database": "OperationalError 2003"}, "2003", "TroubleshootDatabase"),
    ("http", {"web.certificate_percent_left": "0"}, "expired", "RenewCertificate"),
    ("http", {"web": {"unreachable": "the SSM agent is not online"}}, "cannot be asked", "reboot"),
    ("database", {"database.server": "inactive"}, "server is inactive", "RestartDatabase"),
    ("database", {"database.volume": "missing"}, "volume is not mounted", "BootstrapStack"),
    ("database", {"database.listens": "127.0.0.1:3306"}, "listens on 127.0.0.1", "BootstrapStack"),
    ("database", {"database.data_percent": "99"}, "disk is full", "CollectDiagnostics"),
    ("database", {"database.accounts": "0"}, "account does not exist", "BootstrapStack"),
    ("database", {"database.connections": "99"}, "99 of 100 connections", "RestartFlask"),
    ("database", {"network.database_ports": {}}, "does not let the web host in", "update the stack"),
    ("database", {"network.database_ports": {"3306": ["sg-other"]}}, "does not let the web host in", "update"),
    ("database", {"web.database_port": "silent", "web.readyz": "503"}, "3306 is silent", "nft"),
    (
        "database",
        {"web.readyz": "503", "web.readyz_database": "OperationalError 1045"},
        "refuses the secret's password",
        "RotateDatabaseCredentials",
    ),
    (
        "database",
        {"web.readyz": "503", "web.readyz_database": "cannot read the secret arn: ClientError"},
        "cannot read the secret",
        "instance profile",
    ),
    ("certificate", {"web.resolves_to": ""}, "does not resolve", "203.0.113.7"),
    ("certificate", {"web.resolves_to": "198.51.100.9"}, "points to 198.51.100.9", "203.0.113.7"),
    ("certificate", {"web.certificate": "none"}, "there is no certificate", "IssueCertificate"),
    ("certificate", {"web.certificate": "none", "web.acme_directory": "000"}, "directory answers 000", "route out"),
    ("certificate", {"web.certificate_percent_left": "0"}, "expired on", "RenewCertificate"),
    ("certificate", {"web.certificate_percent_left": "10"}, "only 10 %", "RenewCertificate"),
    ("certificate", {"web.certificate_served": "another"}, "another certificate", "RestartNginx"),
    ("certificate", {"web.certificate_name": "0"}, "another name", "IssueCertificate"),
    ("certificate", {"web.renewal_timer": "inactive"}, "timer is inactive", "certbot.timer"),
    ("certificate", {"network.web_ports": {"443": ["0.0.0.0/0"]}}, "port 80", "update the stack"),
    ("certificate", {"domain": ""}, "no domain", "DomainName"),
    ("connectivity", {"network.database_state": "stopped"}, "database host is stopped", "start"),
    ("connectivity", {"network.public_ip": ""}, "no public address", "update the stack"),
    ("connectivity", {"network.web_route": ""}, "no default route", "update the stack"),
    ("connectivity", {"network.nat": {"nat-1": "deleted"}}, "NAT gateway nat-1 is deleted", "update the stack"),
    ("connectivity", {"network.database_ports": {}}, "does not let the web host in", "update the stack"),
    ("connectivity", {"web.database_port": "silent"}, "dropped", "nft"),
    ("connectivity", {"web.database_port": "refused"}, "nothing listens", "TroubleshootDatabase"),
    ("connectivity", {"database": {"unreachable": "the SSM agent is not online"}}, "cannot be asked", "reboot"),
]


def with_differences(differences: dict[str, Any]) -> dict[str, Any]:
    facts = copy.deepcopy(HEALTHY)
    for path, value in differences.items():
        part, _, fact = path.partition(".")
        if fact:
            facts[part][fact] = value
        else:
            facts[part] = value
    return facts


@pytest.mark.parametrize("playbook", ["http", "database", "certificate", "connectivity"])
def test_a_healthy_stack_has_no_cause(script: Callable[[str], ModuleType], playbook: str) -> None:
    answer = getattr(script("troubleshoot"), playbook)({"Facts": HEALTHY}, None)
    assert (answer["Found"], answer["Cause"]) == (False, "nothing found")


@pytest.mark.parametrize(("playbook", "differences", "cause", "remedy"), FAULTS)
def test_a_fault_is_named_with_what_mends_it(
    script: Callable[[str], ModuleType], playbook: str, differences: dict[str, Any], cause: str, remedy: str
) -> None:
    answer = getattr(script("troubleshoot"), playbook)({"Facts": with_differences(differences)}, None)
    assert answer["Found"] is True
    assert cause in answer["Cause"]
    assert remedy in answer["Remedy"]


def test_remedies_name_runbooks_that_exist(script: Callable[[str], ModuleType]) -> None:
    module = script("troubleshoot")
    folder = module.__file__.rpartition("/scripts/")[0]
    from pathlib import Path  # noqa: PLC0415 - only this test looks at files

    runbooks = {path.stem for path in (Path(folder) / "automation").glob("*.yaml")}
    for playbook, differences, _cause, _remedy in FAULTS:
        remedy = getattr(module, playbook)({"Facts": with_differences(differences)}, None)["Remedy"]
        named = {word.strip(",.") for word in remedy.split() if word.startswith("FlaskOps-")}
        assert named <= runbooks


def test_the_evidence_is_a_table_of_all_facts(script: Callable[[str], ModuleType]) -> None:
    answer = script("troubleshoot").http({"Facts": HEALTHY}, None)
    facts = sum(len(HEALTHY[part]) for part in ("network", "web", "database"))
    assert len(answer["Evidence"].splitlines()) == facts + 2
