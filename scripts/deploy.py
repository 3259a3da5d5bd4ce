"""Deploys one of the two stacks to the account of the caller's credentials, or deletes it; behind `make deploy`.

    python scripts/deploy.py deploy  operations|application [--root FOLDER]
    python scripts/deploy.py destroy operations|application [--root FOLDER]

samconfig.toml says which template and stack that is. The environment has the rest, as make hands it over: PARAMETERS
holds template parameters as `Key=Value …` in a shell's quotes, and BUCKET names the bucket that templates are uploaded
to (without it, one of the account that is made when it is missing).

Nothing is sent before the account and the Region have been shown and somebody has agreed; nothing is changed before the
change set has been shown and somebody has agreed to that. Who cannot be asked (no terminal) has to say CONFIRM=yes in
the environment, which agrees to both.

Exits 0 when done or when there was nothing to change, 1 when it failed, 2 when it was used wrongly (arguments or
PARAMETERS that cannot be read), 3 when nobody agreed.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

if TYPE_CHECKING:
    from collections.abc import Iterator

AWS = Path(sys.executable).with_name("aws")
RENDERED = "build"  # a template in this folder is made by scripts/render.py
UNCHANGED = "No changes to deploy"
STAYING = ("Retain", "RetainExceptOnCreate", "Snapshot")  # deletion policies; the second goes in a failed creation
WAIT = {"Delay": 5, "MaxAttempts": 720}  # an hour


FAILED, MISUSED, REFUSED = 1, 2, 3


class DeployError(Exception):
    """Why it was not done; the text says what to do about it."""


class RefusedError(Exception):
    """Nobody agreed."""


@dataclass(frozen=True)
class Target:
    """A stack of samconfig.toml."""

    root: Path
    stack: str
    template: Path
    capabilities: str
    prefix: str


@dataclass(frozen=True)
class Account:
    """Where the caller's credentials lead to."""

    session: Any
    account_id: str
    arn: str
    region: str

    def client(self, service: str) -> Any:
        return self.session.client(service)


def read_target(root: Path, name: str) -> Target:
    settings = tomllib.loads((root / "samconfig.toml").read_text(encoding="utf-8"))
    section = settings[name]["deploy"]["parameters"]
    template = root / section["template_file"]
    return Target(root, section["stack_name"], template, section["capabilities"], section["s3_prefix"])


def find_account() -> Account:
    """Raise DeployError where there are no credentials, or no Region."""
    # Newer tools of AWS read AWS_REGION; boto3 and the command line of version 1 do not.
    session: Any = boto3.session.Session(region_name=os.environ.get("AWS_REGION") or None)
    if session.region_name is None:
        raise DeployError("no Region is set: export AWS_REGION, or set one in your AWS profile")
    try:
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"the account could not be found out: {error}. Log in, or export AWS_PROFILE.") from error
    return Account(session, identity["Account"], identity["Arn"], session.region_name)


def confirm(question: str) -> None:
    """Ask on the terminal; raise RefusedError unless the answer is yes."""
    if os.environ.get("CONFIRM") == "yes":
        print(f"{question} yes (CONFIRM)")
        return
    if not sys.stdin.isatty():
        raise RefusedError("this is no terminal, so nobody can be asked: set CONFIRM=yes to agree beforehand")
    try:
        answer = input(f"{question} Type yes: ").strip()
    except (EOFError, KeyboardInterrupt):  # what was prepared for the answer has to be taken back all the same
        answer = ""
    if answer != "yes":
        raise RefusedError("nobody agreed, so nothing was changed")


def introduce(account: Account, target: Target, doing: str) -> None:
    print(f"{doing} the stack {target.stack}")
    print(f"  account  {account.account_id}  ({account.arn})")
    print(f"  Region   {account.region}")
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        print(f"  endpoint {endpoint}")


def deploy(account: Account, target: Target, parameters: list[str], bucket: str | None) -> None:
    """Render, package, make a change set, show it, and execute it when somebody agrees."""
    introduce(account, target, "Deploys")
    confirm("Upload the template and make a change set in this account?")
    if target.template.parent.name == RENDERED:
        run([sys.executable, str(target.root / "scripts" / "render.py")])
    bucket = bucket or template_bucket(account)
    with tempfile.TemporaryDirectory(prefix="deploy-") as folder:
        packaged = Path(folder) / "packaged.json"
        stored = ["--s3-bucket", bucket, "--s3-prefix", target.prefix]
        package = ["package", "--template-file", str(target.template), "--output-template-file", str(packaged)]
        run([str(AWS), "--region", account.region, "cloudformation", *package, "--use-json", *stored])
        compact(packaged)
        command = ["deploy", "--template-file", str(packaged), "--stack-name", target.stack, *stored]
        command += ["--capabilities", target.capabilities, "--no-execute-changeset", "--no-fail-on-empty-changeset"]
        if parameters:
            command += ["--parameter-overrides", *parameters]
        said = run([str(AWS), "--region", account.region, "cloudformation", *command])
    if UNCHANGED in said:
        print(f"{target.stack} is as it should be: nothing to change")
        return
    execute(account, target, change_set_of(said))


def compact(template: Path) -> None:
    """Take the indentation out of a template in JSON: it counts towards the size that CloudFormation takes."""
    content = json.loads(template.read_text(encoding="utf-8"))
    template.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def change_set_of(said: str) -> str:
    """The ARN of the change set, which `aws cloudformation deploy` names in the command that it suggests."""
    arns = [word for word in said.split() if word.startswith("arn:") and ":changeSet/" in word]
    if not arns:
        raise DeployError(f"aws cloudformation deploy named no change set:\n{said}")
    return arns[0]


def execute(account: Account, target: Target, change_set: str) -> None:
    """Show the change set; execute it and wait, or delete it where nobody agrees."""
    cloudformation = account.client("cloudformation")
    described = cloudformation.describe_change_set(ChangeSetName=change_set)
    is_new = cloudformation.describe_stacks(StackName=target.stack)["Stacks"][0]["StackStatus"] == "REVIEW_IN_PROGRESS"
    pages = cloudformation.get_paginator("describe_change_set").paginate(ChangeSetName=change_set)
    for line in change_lines([change for page in pages for change in page["Changes"]]):
        print(line)
    try:
        confirm(f"Execute this change set on {target.stack}?")
    except RefusedError:
        cloudformation.delete_change_set(ChangeSetName=described["ChangeSetId"])
        if is_new:  # a stack that holds nothing but the change set
            cloudformation.delete_stack(StackName=target.stack)
        raise
    before = latest_event(account, target.stack)
    cloudformation.execute_change_set(ChangeSetName=described["ChangeSetId"])
    print(f"{target.stack} is being {'created' if is_new else 'updated'}; this takes minutes", flush=True)
    wait(account, target.stack, "stack_create_complete" if is_new else "stack_update_complete", before)
    for output in cloudformation.describe_stacks(StackName=target.stack)["Stacks"][0].get("Outputs", []):
        print(f"  {output['OutputKey']} = {output['OutputValue']}")


def change_lines(changes: list[dict[str, Any]]) -> Iterator[str]:
    """One line a change; what is replaced or removed stands first, because data can be lost with it."""
    rows = [change["ResourceChange"] for change in changes]
    for row in sorted(rows, key=lambda row: (row["Action"] != "Remove", row.get("Replacement") != "True")):
        replaced = {"True": "  REPLACED", "Conditional": "  perhaps replaced"}.get(row.get("Replacement", ""), "")
        yield f"  {row['Action']:<8}{row['LogicalResourceId']:<44}{row['ResourceType']}{replaced}"


def destroy(account: Account, target: Target) -> None:
    """Delete the stack, after saying what stays."""
    introduce(account, target, "Deletes")
    cloudformation = account.client("cloudformation")
    try:
        stack = cloudformation.describe_stacks(StackName=target.stack)["Stacks"][0]
        template = cloudformation.get_template(StackName=target.stack, TemplateStage="Original")["TemplateBody"]
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=target.stack)
        present = {row["LogicalResourceId"]: row for page in pages for row in page["StackResourceSummaries"]}
    except ClientError as error:
        raise DeployError(f"{target.stack} cannot be looked at: {error}") from error
    staying = [name for name in retained(template) if name in present]
    for name in staying:
        print(f"  stays    {name} ({present[name]['PhysicalResourceId']})")
    print(f"  goes     everything else: {len(present) - len(staying)} of {len(present)} resources")
    confirm(f"Delete {target.stack}?")
    before = latest_event(account, stack["StackId"])
    cloudformation.delete_stack(StackName=stack["StackId"])
    print(f"{target.stack} is being deleted; this takes minutes", flush=True)
    wait(account, stack["StackId"], "stack_delete_complete", before)


def retained(template: Any) -> list[str]:
    """The logical IDs of what outlives the stack. `template` is a mapping, or the text of one in YAML."""
    content = template
    if isinstance(template, str):
        from render import TemplateLoader  # noqa: PLC0415 - the sibling script, which knows the short forms

        loader = TemplateLoader(template)
        content = loader.get_single_data()
        loader.dispose()
    resources: dict[str, Any] = content["Resources"]
    return sorted(name for name, body in resources.items() if body.get("DeletionPolicy") in STAYING)


def latest_event(account: Account, stack: str) -> str:
    """The ID of the stack's newest event, empty when it has none."""
    events = account.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return str(events[0]["EventId"]) if events else ""


def wait(account: Account, stack: str, waiter: str, before: str) -> None:
    """Raise DeployError with CloudFormation's reasons when it does not end well. `stack` is a name or an ID.

    `before` is the stack's newest event before it was changed: what failed in an earlier deployment is no reason.
    """
    cloudformation = account.client("cloudformation")
    try:
        cloudformation.get_waiter(waiter).wait(StackName=stack, WaiterConfig=WAIT)
    except WaiterError as error:
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        events = (event for page in pages for event in page["StackEvents"])  # the newest first
        news = list(takewhile(lambda event: event["EventId"] != before, events))
        failed = [event for event in reversed(news) if event.get("ResourceStatus", "").endswith("FAILED")]
        reasons = [f"  {event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}" for event in failed]
        raise DeployError("\n".join([f"{stack}: {error}", *reasons])) from error
    print("done")


def template_bucket(account: Account) -> str:
    """The bucket for templates and packages, made when it is missing. A rollback reads old ones, so none expires."""
    s3, name = account.client("s3"), f"flask-ops-templates-{account.account_id}-{account.region}"
    try:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner=account.account_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "404":
            raise DeployError(f"the bucket {name} cannot be used: {error}; name another as BUCKET") from error
        place = {"LocationConstraint": account.region}
        elsewhere: dict[str, Any] = {} if account.region == "us-east-1" else {"CreateBucketConfiguration": place}
        s3.create_bucket(Bucket=name, **elsewhere)
        blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
        print(f"made the bucket {name}")
    return name


def run(command: list[str]) -> str:
    """Run a command, pass on what it says when it fails, and return what it said."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AWS_PAGER": ""},
    )
    said = done.stdout + done.stderr
    if done.returncode != 0:
        raise DeployError(f"`{Path(command[0]).name} {' '.join(command[1:5])}` failed:\n{said.strip()}")
    return said


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Deploy one of the two stacks, or delete it.")
    parser.add_argument("what", choices=["deploy", "destroy"])
    parser.add_argument("stack", choices=["operations", "application"])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[1], help="the repository")
    options = parser.parse_args(arguments)
    try:
        parameters = shlex.split(os.environ.get("PARAMETERS", ""))
    except ValueError as error:
        print(f"deploy: PARAMETERS cannot be read: {error}. Write Key=Value, or Key='two words'.", file=sys.stderr)
        return MISUSED
    try:
        account, target = find_account(), read_target(options.root, options.stack)
        if options.what == "deploy":
            deploy(account, target, parameters, os.environ.get("BUCKET"))
        else:
            destroy(account, target)
    except RefusedError as error:
        print(f"deploy: {error}", file=sys.stderr)
        return REFUSED
    except (DeployError, BotoCoreError, ClientError, OSError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
