"""Checks of what only AWS knows: the agents, the NAT gateway and the backups.

boto3 is imported inside, by the check that needs it: the other checks need not wait for it at a cold start.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any

from results import Finding, Status

if TYPE_CHECKING:
    from settings import Settings

STACK_TAG = "aws:cloudformation:stack-name"
SECONDS_AN_HOUR = 3600


def check_agents(settings: Settings) -> Finding:
    """The Systems Manager agent of every host of the stack is online, so that runbooks reach it."""
    hosts = _hosts(settings)
    if not hosts:
        return Finding(Status.DOWN, f"the stack {settings.stack_name} has no host that is not terminated")
    pages = _client("ssm", settings).get_paginator("describe_instance_information")
    filters = [{"Key": "InstanceIds", "Values": sorted(hosts)}]
    ping = {
        row["InstanceId"]: row["PingStatus"]
        for page in pages.paginate(Filters=filters)
        for row in page["InstanceInformationList"]
    }
    silent = {host: ping.get(host, "never registered") for host in hosts if ping.get(host) != "Online"}
    if silent:
        said = ", ".join(f"{hosts[host]} ({host}): {status}" for host, status in sorted(silent.items()))
        return Finding(Status.DEGRADED, f"no agent on {said}")
    return Finding(Status.OK, f"{len(hosts)} of {len(hosts)} agents are online")


def check_nat_gateway(settings: Settings) -> Finding:
    """The private subnet's way out is available."""
    filters = [{"Name": f"tag:{STACK_TAG}", "Values": [settings.stack_name]}]
    gateways = _client("ec2", settings).describe_nat_gateways(Filters=filters)["NatGateways"]
    states = sorted(gateway["State"] for gateway in gateways if gateway["State"] != "deleted")
    if "available" in states:
        return Finding(Status.OK, "the NAT gateway is available")
    return Finding(Status.DEGRADED, f"the NAT gateway is {', '.join(states) or 'missing'}")


def check_backup(settings: Settings) -> Finding:
    """The newest good backup is young enough. A backup is good when its manifest was written, which comes last.

    A stack that is younger than that may have none yet: its first one is not due.
    """
    if not settings.backup_bucket:
        return Finding(Status.OK, "no backup bucket is set, so backups are not watched")
    where = f"{settings.backup_bucket}/{settings.backup_prefix}"
    limit = settings.backup_max_age_hours
    pages = _client("s3", settings).get_paginator("list_objects_v2")
    wanted = pages.paginate(Bucket=settings.backup_bucket, Prefix=settings.backup_prefix)
    manifests = [row["LastModified"] for page in wanted for row in page.get("Contents", ()) if _is_manifest(row["Key"])]
    if manifests:
        hours = _hours_since(max(manifests))
        metrics = (("BackupAge", round(hours * SECONDS_AN_HOUR), "Seconds"),)
        if hours > limit:
            return Finding(Status.DEGRADED, f"the last backup is {hours:.1f} h old, more than {limit:g} h", metrics)
        return Finding(Status.OK, f"the last backup is {hours:.1f} h old", metrics)
    (stack,) = _client("cloudformation", settings).describe_stacks(StackName=settings.stack_name)["Stacks"]
    hours = _hours_since(stack["CreationTime"])
    if hours > limit:
        return Finding(Status.DEGRADED, f"no backup in {where}, and the stack is {hours:.1f} h old")
    return Finding(Status.OK, f"no backup in {where} yet; the stack is {hours:.1f} h old, less than {limit:g} h")


def _hours_since(moment: dt.datetime) -> float:
    return (dt.datetime.now(dt.UTC) - moment).total_seconds() / SECONDS_AN_HOUR


def _is_manifest(key: str) -> bool:
    """FlaskOps-BackupDatabase writes `<dump>.json` beside each dump, once that is whole."""
    return key.endswith(".sql.gz.json")


def _hosts(settings: Settings) -> dict[str, str]:
    filters = [
        {"Name": f"tag:{STACK_TAG}", "Values": [settings.stack_name]},
        {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]},
    ]
    pages = _client("ec2", settings).get_paginator("describe_instances").paginate(Filters=filters)
    instances = (row for page in pages for reservation in page["Reservations"] for row in reservation["Instances"])
    return {row["InstanceId"]: _name(row) for row in instances}


def _name(instance: dict[str, Any]) -> str:
    return next((tag["Value"] for tag in instance.get("Tags", ()) if tag["Key"] == "Name"), "a host")


def _client(service: str, settings: Settings) -> Any:
    return _made_client(service, settings.check_timeout / 2)


@cache
def _made_client(service: str, timeout: float) -> Any:
    """Kept for the looks that follow in the same process: a client is megabytes, which are not all given back."""
    import boto3  # noqa: PLC0415 - see the module's docstring
    from botocore.config import Config  # noqa: PLC0415

    # One retry: a check has a few seconds, and the next run comes in a minute.
    config = Config(connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 2})
    # A session of its own: the default one is not safe to share between the checks' threads.
    session: Any = boto3.session.Session()
    return session.client(service, config=config)
