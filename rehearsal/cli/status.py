"""`rehearse status`: hosts, services that failed on them, and the last executions."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from rehearsal.cli.clients import aws, running_state
from rehearsal.cli.context import settings_option
from rehearsal.cli.tables import console
from rehearsal.scenarios.hosts import Hosts

if TYPE_CHECKING:
    from rehearsal.scenarios.aws import Aws
    from rehearsal.settings import Settings

FAILED_UNITS = "systemctl list-units --failed --plain --no-legend --no-pager | cut -d' ' -f1 | paste -sd ' ' -"
EXECUTIONS = 10


@dataclass(frozen=True)
class HostRow:
    """One instance. `failed_units` is None when the agent cannot be asked."""

    name: str
    instance_id: str
    state: str
    private_ip: str
    public_ip: str
    agent: str
    failed_units: list[str] | None


@dataclass(frozen=True)
class ExecutionRow:
    execution_id: str
    runbook: str
    status: str
    started: str


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@settings_option
def status_command(settings: Settings, *, as_json: bool) -> None:
    """Show hosts, the services that failed on them, and the last executions.

    Everything is asked of the AWS APIs: EC2 for the hosts, Systems Manager for their agents and executions, and each
    host itself, by a command, for its failed units.

    Exit codes: 0 shown, whatever state the hosts are in; 1 the cloud did not answer; 2 no rehearsal is up.
    """
    state = running_state(settings)
    account = aws(state)
    hosts, executions = _hosts(account), _executions(account)
    if as_json:
        rows = {"endpoint": state.endpoint, "variant": state.variant, "tick_seconds": state.tick_seconds}
        click.echo(
            json.dumps({**rows, "hosts": [asdict(h) for h in hosts], "executions": [asdict(e) for e in executions]})
        )
        return
    click.echo(f"{state.project} answers at {state.endpoint} (process {state.pid}, log build/rehearsal/cloud.log)")
    click.echo(f"A minute of schedules and alarms lasts {state.tick_seconds:g} s")
    _show(hosts, executions)


def _hosts(account: Aws) -> list[HostRow]:
    pages = account.client("ec2").get_paginator("describe_instances").paginate()
    instances = [i for page in pages for reservation in page["Reservations"] for i in reservation["Instances"]]
    information = account.client("ssm").describe_instance_information()["InstanceInformationList"]
    pings = {item["InstanceId"]: item["PingStatus"] for item in information}
    return sorted(
        (_host(account, instance, pings) for instance in instances), key=lambda row: (row.name, row.instance_id)
    )


def _host(account: Aws, instance: dict[str, Any], pings: dict[str, str]) -> HostRow:
    instance_id, state = instance["InstanceId"], instance["State"]["Name"]
    agent = pings.get(instance_id, "not registered")
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    return HostRow(
        name=tags.get("Name", ""),
        instance_id=instance_id,
        state=state,
        private_ip=instance.get("PrivateIpAddress", ""),
        public_ip=instance.get("PublicIpAddress", ""),
        agent=agent,
        failed_units=_failed_units(account, instance_id) if state == "running" and agent == "Online" else None,
    )


def _failed_units(account: Aws, instance_id: str) -> list[str] | None:
    done = Hosts(account, stack="", tag="").run_on(instance_id, FAILED_UNITS, timeout_seconds=15)
    return done.stdout.split() if done.passed else None


def _executions(account: Aws) -> list[ExecutionRow]:
    answer = account.client("ssm").describe_automation_executions(MaxResults=EXECUTIONS)
    return [
        ExecutionRow(
            item["AutomationExecutionId"],
            item["DocumentName"],
            item["AutomationExecutionStatus"],
            item["ExecutionStartTime"].astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        )
        for item in answer["AutomationExecutionMetadataList"]
    ]


def _show(hosts: list[HostRow], executions: list[ExecutionRow]) -> None:
    out = console()
    table = Table(
        "Host", "Instance", "State", "Private", "Public", "Agent", "Failed units", title="Hosts", title_justify="left"
    )
    for row in hosts:
        failed = "cannot be asked" if row.failed_units is None else " ".join(row.failed_units) or "none"
        table.add_row(row.name, row.instance_id, row.state, row.private_ip, row.public_ip, row.agent, failed)
    out.print(table)
    table = Table("Execution", "Runbook", "Status", "Started", title="Executions", title_justify="left")
    for execution in executions:
        table.add_row(execution.execution_id, execution.runbook, execution.status, execution.started)
    out.print(table)
