"""The operations stack as its users deploy it, with the AWS CLI and the SAM CLI, against an endpoint without hosts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
REGION, BUCKET, STACK = "us-east-1", "templates", "flask-ops"
SAM = shutil.which("sam")
# A runbook that waits in the middle, for the library of this test alone.
WAITING = """schemaVersion: '0.3'
description: Waits for a signal.
assumeRole: '{{ AutomationAssumeRole }}'
parameters:
  AutomationAssumeRole:
    type: AWS::IAM::Role::Arn
    description: (Optional) The role that the runbook acts as.
    default: ''
mainSteps:
  - name: hold
    action: aws:pause
    inputs: {}
  - name: say
    action: aws:executeScript
    inputs:
      Runtime: python3.11
      Handler: say
      Script: "def say(events, context):\\n    return {'Word': 'WORD'}\\n"
    outputs:
      - {Name: Word, Selector: $.Payload.Word, Type: String}
outputs:
  - say.Word
"""

HOST = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.1.0/24"}},
    "Host": {"Type": "AWS::EC2::Instance", "Properties": {"ImageId": "ami-12c6146b", "SubnetId": {"Ref": "Subnet"}}},
}


@dataclass(frozen=True)
class Library:
    """A copy of the library that a test may change, and an endpoint to deploy it to."""

    root: Path
    environment: dict[str, str]
    client: Callable[[str], Any]
    cloud: Cloud

    @property
    def template(self) -> Path:
        return self.root / "build" / "operations.yaml"

    def write(self, word: str) -> None:
        """Write the waiting runbook so that it says `word` in the end, and render."""
        path = self.root / "ssm_documents" / "automation" / "FlaskOps-Waiting.yaml"
        path.write_text(WAITING.replace("WORD", word), encoding="utf-8")
        render = [sys.executable, str(ROOT / "scripts" / "render.py"), "--root", str(self.root)]
        subprocess.run(render, check=True, capture_output=True)

    def aws(self, *command: str) -> str:
        return self.run(str(Path(sys.executable).with_name("aws")), *command)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deploy(self) -> str:
        """Package and deploy with the AWS CLI, as docs and Makefile do; answers what the CLI said."""
        stored = ["--s3-bucket", BUCKET, "--s3-prefix", STACK]
        packaged = str(self.root / "packaged.json")
        package = ["package", "--template-file", str(self.template), "--output-template-file", packaged, "--use-json"]
        self.aws("cloudformation", *package, *stored)
        command = ["deploy", "--template-file", packaged, "--stack-name", STACK, *stored]
        command += ["--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides"]
        watched = ["StackName=shop", "DomainName=shop.invalid", "AlarmEmail=operations@example.test"]
        return self.aws("cloudformation", *command, *watched, "ExpiredCertificateExperiment=true")


def copy_of_the_library(folder: Path) -> Path:
    for name in ("ssm_documents", "cloudformation", "docs", "lambda"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".git").mkdir()
    template = folder / "cloudformation" / "operations.yaml"
    text = template.read_text(encoding="utf-8")
    named = text.replace(
        "        - FlaskOps-VerifyStack\n", "        - FlaskOps-VerifyStack\n        - FlaskOps-Waiting\n"
    )
    template.write_text(named, encoding="utf-8")
    shutil.copy(ROOT / "samconfig.toml", folder)
    return folder


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    cloud = Cloud(CloudSettings(region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True))
    cloud.start()
    keys = {"AWS_ACCESS_KEY_ID": "AKIAADMINISTRATOR000", "AWS_SECRET_ACCESS_KEY": "unchecked"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    own = {"AWS_ENDPOINT_URL": cloud.url, "AWS_DEFAULT_REGION": REGION, "AWS_PAGER": "", "SAM_CLI_TELEMETRY": "0"}
    config = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    session: Any = boto3.session.Session(
        aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="unchecked", region_name=REGION
    )
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        return clients.setdefault(service, session.client(service, endpoint_url=cloud.url))

    client("s3").create_bucket(Bucket=BUCKET)
    made = Library(
        copy_of_the_library(tmp_path_factory.mktemp("library")), {**kept, **keys, **own, **config}, client, cloud
    )
    made.write("one")
    assert "Successfully created/updated stack" in made.deploy()
    yield made
    cloud.stop()


def settled(ssm: Any, execution: str, step: str) -> dict[str, Any]:
    """The execution once it has ended, or once `step` waits."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found: dict[str, Any] = ssm.get_automation_execution(AutomationExecutionId=execution)["AutomationExecution"]
        waits = [each["StepStatus"] for each in found["StepExecutions"] if each["StepName"] == step]
        if found["AutomationExecutionStatus"] not in ("Pending", "InProgress", "Waiting") or waits == ["Waiting"]:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{execution} is still {found['AutomationExecutionStatus']}")


def test_what_watches_the_stack_can_be_described(library: Library) -> None:
    alarms = json.loads(library.aws("cloudwatch", "describe-alarms", "--alarm-types", "MetricAlarm", "CompositeAlarm"))
    (composite,) = alarms["CompositeAlarms"]
    assert composite["AlarmName"] == "FlaskOps-shop-ServiceDown"
    names = {alarm["AlarmName"] for alarm in alarms["MetricAlarms"]}
    assert {f"FlaskOps-shop-{name}" for name in ("Https", "Readiness", "Certificate", "Backup", "Reporter")} <= names
    (topic,) = json.loads(library.aws("sns", "list-topics"))["Topics"]
    assert composite["AlarmActions"] == [topic["TopicArn"]]
    subscribed = json.loads(library.aws("sns", "list-subscriptions"))["Subscriptions"]
    assert [(each["Protocol"], each["Endpoint"]) for each in subscribed] == [("email", "operations@example.test")]
    schedules = {each["Name"] for each in json.loads(library.aws("scheduler", "list-schedules"))["Schedules"]}
    wanted = {"FlaskOps-Health", "FlaskOps-BackupDatabase", "FlaskOps-VerifyStack", "FlaskOps-RestoreDrill"}
    assert schedules == wanted
    (experiment,) = json.loads(library.aws("fis", "list-experiment-templates"))["experimentTemplates"]
    described = library.client("fis").get_experiment_template(id=experiment["id"])["experimentTemplate"]
    assert described["actions"]["Drill"]["actionId"] == "aws:ssm:start-automation-execution"
    assert {stop["source"] for stop in described["stopConditions"]} == {"aws:cloudwatch:alarm"}
    (dashboard,) = json.loads(library.aws("cloudwatch", "list-dashboards"))["DashboardEntries"]
    body = library.client("cloudwatch").get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"]
    shown = next(widget for widget in json.loads(body)["widgets"] if widget["type"] == "alarm")["properties"]["alarms"]
    assert set(shown) == {alarm["AlarmArn"] for alarm in [composite, *alarms["MetricAlarms"]]}


def test_the_reporter_may_do_all_that_it_does_and_nothing_else(library: Library) -> None:
    cloudformation = library.client("cloudformation")
    cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps({"Resources": HOST}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="shop", WaiterConfig={"Delay": 1})
    answer = library.client("lambda").invoke(FunctionName="FlaskOps-Health")
    said = json.loads(answer["Payload"].read())
    assert answer.get("FunctionError") is None, said
    details = {check["name"]: check["detail"] for check in said["checks"]}
    assert [name for name, detail in details.items() if "AccessDenied" in detail or "not authorized" in detail] == []
    assert "never registered" in details["Agents"]
    assert details["NatGateway"] == "the NAT gateway is missing"
    assert details["Backup"].startswith("no backup in ")
    resource = cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId="HealthPolicy")
    arn = resource["StackResourceDetail"]["PhysicalResourceId"]
    iam = library.client("iam")
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    granted = {action for each in document["Statement"] for action in as_list(each["Action"])}
    role = library.client("lambda").get_function_configuration(FunctionName="FlaskOps-Health")["Role"]
    # Lambda itself writes the log and keeps the events of failed invocations, with this role.
    by_lambda = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
    assert granted - by_lambda == set(library.cloud.usage.used_by(role)) - by_lambda


def as_list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_a_changed_document_is_a_new_version_and_what_runs_keeps_its_own(library: Library) -> None:
    ssm = library.client("ssm")
    before = ssm.describe_document(Name="FlaskOps-VerifyStack")["Document"]["DocumentVersion"]
    code = library.client("lambda").get_function_configuration(FunctionName="FlaskOps-Health")
    running = ssm.start_automation_execution(DocumentName="FlaskOps-Waiting")["AutomationExecutionId"]
    assert settled(ssm, running, "hold")["AutomationExecutionStatus"] in ("InProgress", "Waiting")
    library.write("two")
    library.deploy()
    changed = ssm.describe_document(Name="FlaskOps-Waiting")["Document"]
    assert (changed["DocumentVersion"], changed["DefaultVersion"]) == ("2", "2")
    assert ssm.describe_document(Name="FlaskOps-VerifyStack")["Document"]["DocumentVersion"] == before
    same = library.client("lambda").get_function_configuration(FunctionName="FlaskOps-Health")
    assert same["LastModified"] == code["LastModified"], "a package that did not change is not deployed again"
    later = ssm.start_automation_execution(DocumentName="FlaskOps-Waiting")["AutomationExecutionId"]
    for execution, version, word in ((running, "1", "one"), (later, "2", "two")):
        settled(ssm, execution, "hold")
        ssm.send_automation_signal(AutomationExecutionId=execution, SignalType="Resume")
        ended = settled(ssm, execution, "")
        assert ended["AutomationExecutionStatus"] == "Success", ended.get("FailureMessage")
        assert (ended["DocumentVersion"], ended["Outputs"]["say.Word"]) == (version, [word])


def test_deploying_again_changes_nothing(library: Library) -> None:
    assert "No changes to deploy" in library.deploy()


@pytest.mark.skipif(SAM is None, reason="the SAM CLI is not on PATH (CONTRIBUTING.md says how to have it)")
def test_sam_deploys_the_same_stack(library: Library) -> None:
    assert SAM is not None
    command = ["deploy", "--config-env", "operations", "--config-file", str(library.root / "samconfig.toml")]
    command += ["--stack-name", STACK, "--no-confirm-changeset", "--parameter-overrides"]
    watched = ["StackName=shop", "DomainName=shop.invalid", "SlowMilliseconds=1500"]
    assert "Successfully created/updated stack" in library.run(SAM, *command, *watched)
    described = library.client("lambda").get_function_configuration(FunctionName="FlaskOps-Health")
    assert described["Environment"]["Variables"]["SLOW_MS"] == "1500"
