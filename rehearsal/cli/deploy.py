"""Deploys stacks with the AWS CLI, tells what happens meanwhile, and says why when it fails."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from rehearsal.cli.clients import command_environment
from rehearsal.cli.problems import CLOUD_LOG, Problem
from rehearsal.scenarios.outputs import command_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.cli.progress import Progress
    from rehearsal.daemon.state import State
    from rehearsal.scenarios.aws import Aws
    from rehearsal.settings import StackSection

INLINE_BYTES = 51_200  # a larger template has to come from a bucket: the CLI and CloudFormation both say so
POLL_SECONDS = 0.5  # of the status
EVENTS_SECONDS = 2.0  # of the events: hundreds of them, which the endpoint has to write out while it deploys
SLOW_SECONDS = 2  # a resource that takes longer than this gets a line
AWS = Path(sys.executable).with_name("aws")
EXECUTED = "Waiting for stack create/update to complete"  # what the CLI says once the change set is under way


class Deployment:
    """One `aws cloudformation deploy`, after `aws cloudformation package` where the template needs a bucket anyway.

    The CLI looks at a stack every 30 seconds, so it notices the end late. `wait` returns as soon as CloudFormation says
    that the stack is complete; `confirm` waits for the CLI's own word and exit code.
    """

    def __init__(self, stack: StackSection, parameters: Mapping[str, str], state: State, aws: Aws) -> None:
        self._stack = stack
        self._aws = aws
        self._cloudformation = aws.client("cloudformation")
        self._said: list[str] = []
        self._former = frozenset(event["EventId"] for event in self._events())  # of earlier deployments
        self._seen = set(self._former)
        self._slow: dict[str, float] = {}
        if not stack.template.is_file():
            raise Problem(
                f"stack {stack.name}: its template {stack.template} does not exist",
                next_step="rehearsal.toml names it (stacks.template); [render] says what makes it.",
            )
        self._folder = tempfile.TemporaryDirectory(prefix="rehearsal-deploy-")
        bucket = self._bucket()
        template = self._package(bucket, state) if bucket else stack.template
        command = _command(stack, template, parameters, bucket)
        self._process = subprocess.Popen(
            command,
            env=command_environment(state),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self, progress: Progress) -> None:
        """Return once the stack is complete. Raises Problem with the reason when it fails; the stack stays as it is."""
        look_again = 0.0
        while True:
            if time.monotonic() > look_again:
                self._tell_events(progress)
                look_again = time.monotonic() + EVENTS_SECONDS
            code = self._process.poll()
            status = self._status()
            is_over = EXECUTED in self._output() and not status.endswith("IN_PROGRESS")
            if is_over and not status.endswith("COMPLETE"):
                self._fail(status, progress)
            if is_over or code == 0:
                self._tell_events(progress)
                return
            if code is not None:
                self._fail(status, progress)
            time.sleep(POLL_SECONDS)

    def confirm(self) -> None:
        """Wait until the CLI has ended, and raise Problem unless it says that all went well."""
        self._reader.join()
        if self._process.wait() != 0:
            raise Problem(
                f"aws cloudformation deploy of {self._stack.name} failed:\n{self._output()}", next_step=CLOUD_LOG
            )

    def cancel(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()

    def _package(self, bucket: str, state: State) -> Path:
        """Upload the files that the template names, and return the template that names them in the bucket.

        As JSON, which the next command reads several times as fast as YAML.
        """
        packaged = Path(self._folder.name) / "packaged.json"
        command = [str(AWS), "cloudformation", "package", "--template-file", str(self._stack.template), "--use-json"]
        command += ["--s3-bucket", bucket, "--s3-prefix", self._stack.name, "--output-template-file", str(packaged)]
        done = subprocess.run(
            command,
            env=command_environment(state),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip()
            raise Problem(
                f"aws cloudformation package of {self._stack.name} failed:\n{said}",
                next_step=f"The template is {self._stack.template}; files that it names are beside it.",
            )
        return packaged

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._said.append(line.rstrip())

    def _output(self) -> str:
        return "\n".join(line for line in self._said if line)

    def _status(self) -> str:
        try:
            return str(self._cloudformation.describe_stacks(StackName=self._stack.name)["Stacks"][0]["StackStatus"])
        except ClientError:
            return "NOT_THERE_IN_PROGRESS"  # the change set is being made

    def _events(self) -> list[dict[str, Any]]:
        """All events of the stack, oldest first."""
        try:
            pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._stack.name)
            return [event for page in pages for event in page["StackEvents"]][::-1]
        except ClientError:
            return []

    def _tell_events(self, progress: Progress) -> None:
        for event in self._events():
            if event["EventId"] in self._seen:
                continue
            self._seen.add(event["EventId"])
            status, name = event.get("ResourceStatus", ""), event["LogicalResourceId"]
            if status.endswith("IN_PROGRESS"):
                self._slow.setdefault(name, event["Timestamp"].timestamp())
                continue
            seconds = event["Timestamp"].timestamp() - self._slow.pop(name, event["Timestamp"].timestamp())
            if status.endswith("FAILED") or seconds > SLOW_SECONDS:
                reason = event.get("ResourceStatusReason", "")
                line = f"{status} {name} ({event['ResourceType']}) {seconds:.1f} s"
                progress.line(f"{line}: {reason}" if reason else line)

    def _fail(self, status: str, progress: Progress) -> None:
        self.cancel()
        self._reader.join(1)
        failed = [
            event
            for event in self._events()
            if event["EventId"] not in self._former
            and event.get("ResourceStatus", "").endswith("FAILED")
            and event["ResourceType"] != "AWS::CloudFormation::Stack"
        ]
        for event in failed:
            if event["ResourceType"] == "AWS::SSM::Association":
                progress.block(association_report(self._aws, event.get("PhysicalResourceId", "")))
        reasons = [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', status)}" for event in failed]
        raise Problem(
            "\n".join([f"stack {self._stack.name} was not deployed", *(reasons or [self._output()])]),
            next_step=f"With --keep its hosts stay up to be looked at (./rehearse status).\n{CLOUD_LOG}",
        )

    def _bucket(self) -> str | None:
        """A bucket for a template that is too large to be sent inline, made when it is missing; else None."""
        if self._stack.template.stat().st_size <= INLINE_BYTES:
            return None
        s3 = self._aws.client("s3")
        name = f"rehearsal-templates-{self._aws.client('sts').get_caller_identity()['Account']}-{self._aws.region}"
        if name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
            if self._aws.region == "us-east-1":  # the one Region that may not be named
                s3.create_bucket(Bucket=name)
            else:
                s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self._aws.region})
        return name


def association_report(aws: Aws, association_id: str) -> str:
    """What an association's commands wrote on the hosts that it failed on, the latest execution of it."""
    ssm = aws.client("ssm")
    try:
        executions = ssm.describe_association_executions(AssociationId=association_id)["AssociationExecutions"]
        latest = max(executions, key=lambda execution: execution["CreatedTime"])
        targets = ssm.describe_association_execution_targets(
            AssociationId=association_id, ExecutionId=latest["ExecutionId"]
        )["AssociationExecutionTargets"]
        parts = []
        for target in targets:
            parts.append(f"{target['ResourceId']}: {target['Status']} {target.get('DetailedStatus', '')}".strip())
            source = target.get("OutputSource", {})
            if source.get("OutputSourceType") == "RunCommand":
                parts += [output.as_text() for output in command_outputs(ssm, source["OutputSourceId"])]
    except (ClientError, ValueError) as error:
        return f"What association {association_id} wrote cannot be shown: {error}"
    return "\n".join(parts)


def _command(stack: StackSection, template: Path, parameters: Mapping[str, str], bucket: str | None) -> list[str]:
    command = [str(AWS), "cloudformation", "deploy", "--template-file", str(template), "--stack-name", stack.name]
    command += ["--no-fail-on-empty-changeset", "--disable-rollback"]
    if stack.capabilities:
        command += ["--capabilities", *stack.capabilities]
    if parameters:
        command += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    if bucket:
        command += ["--s3-bucket", bucket, "--s3-prefix", stack.name]
    return command
