"""Calls through the endpoint as roles make them: granted, refused in AWS's words, and noted."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.cloud.iam.authorizer import IamAuthorizer
from rehearsal.cloud.iam.models import AuditedIamBackend
from rehearsal.cloud.iam.service_roles import RoleNotAssumableError, ServiceRoles
from rehearsal.cloud.iam.trail.models import TrailBackend
from rehearsal.cloud.iam.usage import Usage
from rehearsal.cloud.role_sessions import RoleSessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.endpoint import Endpoint

ACCOUNT, REGION = "111122223333", "us-east-1"
TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/caller"}, "Action": "sts:AssumeRole"},
    ]
}


class AuditedCloud(Cloud):
    """A cloud whose calls are evaluated and noted."""

    usage = Usage()

    def _compose(self) -> Endpoint:
        self.door.extend("iam", partial(AuditedIamBackend, usage=self.usage))
        self.door.extend("cloudtrail", partial(TrailBackend, usage=self.usage))
        self._authorizer = IamAuthorizer(self.door, ACCOUNT, self.usage)
        return super()._compose()


class Account:
    """Clients of the administrator and of roles."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.session: Any = boto3.session.Session(region_name=REGION)

    def client(self, service: str, access_key: str = "AKIAADMINISTRATOR000") -> Any:
        return self.session.client(
            service, endpoint_url=self.cloud.url, aws_access_key_id=access_key, aws_secret_access_key="unchecked"
        )

    def role(self, name: str, *statements: dict[str, Any], managed: tuple[str, ...] = (), **more: Any) -> str:
        """Create a role with an inline policy; return the access key of a session called `session-of-<name>`."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **more)["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
        for policy in managed:
            iam.attach_role_policy(RoleName=name, PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        return RoleSessions(self.cloud.door, REGION).issue(arn, f"session-of-{name}").access_key_id


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    cloud = AuditedCloud(
        CloudSettings(account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True)
    )
    cloud.start()
    yield Account(cloud)
    cloud.stop()


def allow(action: str | list[str], resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    found = error.value.response["Error"]
    return found["Code"], found["Message"]


def test_the_administrator_may_do_everything(account: Account) -> None:
    assert account.client("sqs").create_queue(QueueName="admins")["QueueUrl"].endswith("/admins")


def test_a_role_without_policies_is_refused_in_awss_words(account: Account) -> None:
    key = account.role("bare")
    who = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/bare/session-of-bare is not authorized to perform:"
    with pytest.raises(ClientError) as refused:
        account.client("secretsmanager", key).get_secret_value(SecretId="nothing")
    arn = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:nothing"
    why = "because no identity-based policy allows the secretsmanager:GetSecretValue action"
    text = f"{who} secretsmanager:GetSecretValue on resource: {arn} {why}"
    assert refusal(refused) == ("AccessDeniedException", text)
    with pytest.raises(ClientError) as refused:
        account.client("ec2", key).describe_instances()
    assert refusal(refused)[0] == "UnauthorizedOperation"
    with pytest.raises(ClientError) as refused:
        account.client("iam", key).list_roles()
    assert refusal(refused)[0] == "AccessDenied"
    assert account.client("sts", key).get_caller_identity()["Arn"].endswith("assumed-role/bare/session-of-bare")


def test_a_secret_is_granted_by_its_arn_and_by_its_tags(account: Account) -> None:
    admin = account.client("secretsmanager")
    arn = admin.create_secret(Name="app/db", SecretString="s", Tags=[{"Key": "Stack", "Value": "app"}])["ARN"]
    by_arn = account.client("secretsmanager", account.role("by-arn", allow("secretsmanager:GetSecretValue", arn)))
    assert by_arn.get_secret_value(SecretId="app/db")["SecretString"] == "s"
    tagged = {"StringEquals": {"aws:ResourceTag/Stack": "app"}}
    key = account.role("by-tag", allow("secretsmanager:GetSecretValue", **tagged))
    assert account.client("secretsmanager", key).get_secret_value(SecretId=arn)["SecretString"] == "s"
    admin.create_secret(Name="other", SecretString="o", Tags=[{"Key": "Stack", "Value": "other"}])
    with pytest.raises(ClientError, match="AccessDenied"):
        account.client("secretsmanager", key).get_secret_value(SecretId="other")


def test_send_command_needs_the_document_and_every_host(account: Account) -> None:
    ec2 = account.client("ec2")

    def host(role: str) -> str:
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Role", "Value": role}]}]
        made = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, TagSpecifications=tags)
        return str(made["Instances"][0]["InstanceId"])

    web, other = host("web"), host("other")
    key = account.role(
        "sender",
        allow("ssm:SendCommand", f"arn:aws:ssm:{REGION}::document/AWS-RunShellScript"),
        allow(
            "ssm:SendCommand",
            f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/*",
            StringEquals={"ssm:resourceTag/Role": "web"},
        ),
    )
    ssm = account.client("ssm", key)
    send = partial(ssm.send_command, Parameters={"commands": ["true"]})

    def denied(**request: Any) -> str:
        with pytest.raises(ClientError) as refused:
            send(**request)
        code, message = refusal(refused)
        return message if code == "AccessDeniedException" else ""

    assert f"instance/{other}" in denied(DocumentName="AWS-RunShellScript", InstanceIds=[web, other])
    assert "document/AWS-RunPowerShellScript" in denied(DocumentName="AWS-RunPowerShellScript", InstanceIds=[web])
    assert f"instance/{other}" in denied(
        DocumentName="AWS-RunShellScript", Targets=[{"Key": "tag:Role", "Values": ["web", "other"]}]
    )
    send(DocumentName="AWS-RunShellScript", Targets=[{"Key": "tag:Role", "Values": ["web"]}])


def test_an_explicit_deny_and_a_boundary_are_told(account: Account) -> None:
    deny = {"Sid": "Never", "Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"}
    url = account.client("sqs").create_queue(QueueName="kept")["QueueUrl"]
    with pytest.raises(ClientError) as refused:
        account.client("sqs", account.role("denied", allow("sqs:*"), deny)).delete_queue(QueueUrl=url)
    assert refusal(refused)[1].endswith("with an explicit deny in an identity-based policy")
    boundary = account.client("iam").create_policy(
        PolicyName="edge", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:GetQueueUrl")]})
    )["Policy"]["Arn"]
    key = account.role("bounded", allow("sqs:*"), PermissionsBoundary=boundary)
    assert account.client("sqs", key).get_queue_url(QueueName="kept")["QueueUrl"] == url
    with pytest.raises(ClientError) as refused:
        account.client("sqs", key).delete_queue(QueueUrl=url)
    assert refusal(refused)[1].endswith("because no permissions boundary allows the sqs:DeleteQueue action")


def test_passing_a_role_needs_its_own_permission(account: Account) -> None:
    account.role("passed")
    arn = f"arn:aws:iam::{ACCOUNT}:role/passed"
    start = [
        allow("events:PutRule"),
        allow("iam:PassRole", arn, StringEquals={"iam:PassedToService": "ssm.amazonaws.com"}),
    ]
    key = account.role("passer", *start)
    account.client("events", key).put_rule(Name="r", ScheduleExpression="rate(1 day)")
    with pytest.raises(ClientError) as refused:
        account.client("events", key).put_rule(Name="r", ScheduleExpression="rate(1 day)", RoleArn=arn)
    assert f"is not authorized to perform: iam:PassRole on resource: {arn}" in refusal(refused)[1]


@pytest.mark.parametrize(
    ("assume_role", "default", "given"),
    [
        ("ARN", None, False),
        ("arn:{{ global:AWS_PARTITION }}:iam::{{global:ACCOUNT_ID}}:role/NAME", None, False),
        ("{{ Role }}", "ARN", False),
        ("{{ Role }}", "", True),
    ],
    ids=["written out", "made of globals", "by default", "given"],
)
def test_starting_a_runbook_passes_its_role_wherever_that_comes_from(
    account: Account, assume_role: str, default: str | None, given: bool
) -> None:
    name = f"worker-{uuid.uuid4()}"
    account.role(name)
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    parameters = {} if default is None else {"Role": {"type": "String", "default": default.replace("ARN", arn)}}
    content = {
        "schemaVersion": "0.3",
        "assumeRole": assume_role.replace("ARN", arn).replace("NAME", name),
        "parameters": parameters,
        "mainSteps": [{"name": "a", "action": "aws:sleep", "inputs": {"Timestamp": "2001-01-01T00:00:00Z"}}],
    }
    account.client("ssm").create_document(Name=name, Content=json.dumps(content), DocumentType="Automation")
    request: dict[str, Any] = {"DocumentName": name} | ({"Parameters": {"Role": [arn]}} if given else {})

    may_start = allow("ssm:StartAutomationExecution")
    with pytest.raises(ClientError) as refused:
        account.client("ssm", account.role(f"{name}-a", may_start)).start_automation_execution(**request)
    assert refusal(refused)[0] == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {arn}" in refusal(refused)[1]

    may_pass = allow("iam:PassRole", arn, StringEquals={"iam:PassedToService": "ssm.amazonaws.com"})
    key = account.role(f"{name}-b", may_start, may_pass)
    assert account.client("ssm", key).start_automation_execution(**request)["AutomationExecutionId"]


def test_a_runbook_without_a_role_passes_none(account: Account) -> None:
    steps = [{"name": "a", "action": "aws:sleep", "inputs": {"Timestamp": "2001-01-01T00:00:00Z"}}]
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": steps})
    account.client("ssm").create_document(Name="no-role", Content=content, DocumentType="Automation")
    key = account.role("starts-only", allow("ssm:StartAutomationExecution"))
    assert account.client("ssm", key).start_automation_execution(DocumentName="no-role")["AutomationExecutionId"]
    with pytest.raises(ClientError) as refused:
        account.client("ssm", key).start_automation_execution(DocumentName="Nobody-Wrote-This")
    assert refusal(refused)[0] == "AutomationDefinitionNotFoundException"


def test_aws_managed_policies_are_evaluated(account: Account) -> None:
    key = account.role("host", managed=("AmazonSSMManagedInstanceCore",))
    account.client("ssm").put_parameter(Name="/x", Type="String", Value="v")
    assert account.client("ssm", key).get_parameter(Name="/x")["Parameter"]["Value"] == "v"
    with pytest.raises(ClientError, match="ssm:PutParameter"):
        account.client("ssm", key).put_parameter(Name="/x", Type="String", Value="w", Overwrite=True)


def test_s3_operations_need_the_actions_of_s3(account: Account) -> None:
    account.client("s3").create_bucket(Bucket="store")
    account.client("s3").put_object(Bucket="store", Key="mine/x", Body=b"1")
    key = account.role(
        "reader", allow("s3:GetObject", "arn:aws:s3:::store/mine/*"), allow("s3:ListBucket", "arn:aws:s3:::store")
    )
    s3 = account.client("s3", key)
    assert s3.head_object(Bucket="store", Key="mine/x")["ContentLength"] == 1
    assert s3.list_objects_v2(Bucket="store")["KeyCount"] == 1
    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket="store", Key="mine/x", Body=b"2")
    assert refusal(refused)[0] == "AccessDenied"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="store", Key="others/x")


def test_a_role_is_assumed_only_by_who_it_trusts(account: Account) -> None:
    account.role("target")
    arn = f"arn:aws:iam::{ACCOUNT}:role/target"
    caller = account.role("caller", allow("sts:AssumeRole", arn))
    assumed = account.client("sts", caller).assume_role(RoleArn=arn, RoleSessionName="one")
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/target/one"
    stranger = account.role("stranger", allow("sts:AssumeRole", arn))
    with pytest.raises(ClientError) as refused:
        account.client("sts", stranger).assume_role(RoleArn=arn, RoleSessionName="one")
    assert f"is not authorized to perform: sts:AssumeRole on resource: {arn}" in refusal(refused)[1]
    roles = ServiceRoles(account.cloud.door, ACCOUNT, REGION)
    assert roles.assume(arn, "ssm.amazonaws.com", "run").role_arn == arn
    with pytest.raises(RoleNotAssumableError, match=r"does not trust lambda\.amazonaws\.com"):
        roles.assume(arn, "lambda.amazonaws.com", "run")


def test_a_temporary_key_that_was_never_issued_is_refused(account: Account) -> None:
    with pytest.raises(ClientError) as refused:
        account.client("ssm", "ASIANOSUCHSESSION000").describe_instance_information()
    assert refusal(refused) == ("ExpiredTokenException", "The security token included in the request is expired")


def test_used_unused_and_denied_grants_are_told_by_apis_of_aws(account: Account) -> None:
    key = account.role("audited", allow(["sqs:ListQueues", "sqs:PurgeQueue"]))
    account.client("sqs", key).list_queues()
    with pytest.raises(ClientError):
        account.client("sns", key).list_topics()
    iam = account.client("iam")
    arn = f"arn:aws:iam::{ACCOUNT}:role/audited"
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
    report = iam.get_service_last_accessed_details(JobId=job)
    assert report["JobStatus"] == "COMPLETED"
    (service,) = report["ServicesLastAccessed"]
    tracked = {each["ActionName"]: "LastAccessedTime" in each for each in service["TrackedActionsLastAccessed"]}
    assert (service["ServiceNamespace"], tracked) == ("sqs", {"ListQueues": True, "PurgeQueue": False})
    by_session = [{"AttributeKey": "Username", "AttributeValue": "session-of-audited"}]
    events = account.client("cloudtrail").lookup_events(LookupAttributes=by_session)["Events"]
    told = [(e["EventName"], json.loads(e["CloudTrailEvent"]).get("errorCode")) for e in events]
    assert told == [("ListTopics", "AccessDenied"), ("ListQueues", None)]
    first = account.client("cloudtrail").lookup_events(LookupAttributes=by_session, MaxResults=1)
    rest = account.client("cloudtrail").lookup_events(LookupAttributes=by_session, NextToken=first["NextToken"])
    assert [first["Events"][0]["EventId"], rest["Events"][0]["EventId"]] == [e["EventId"] for e in events]


def test_policies_that_change_are_evaluated_anew(account: Account) -> None:
    key = account.role("changing")
    sqs = account.client("sqs", key)
    with pytest.raises(ClientError, match="AccessDenied"):
        sqs.list_queues()
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:ListQueues")]})
    account.client("iam").put_role_policy(RoleName="changing", PolicyName="own", PolicyDocument=document)
    assert sqs.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_policies_of_buckets_and_secrets_count(account: Account) -> None:
    key, guest = account.role("owner", allow("s3:*")), account.role("guest")
    s3 = account.client("s3")
    s3.create_bucket(Bucket="shared")
    s3.put_object(Bucket="shared", Key="open/x", Body=b"1")
    s3.put_object(Bucket="shared", Key="kept/x", Body=b"1")
    role = f"arn:aws:iam::{ACCOUNT}:role/guest"
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"AWS": role},
            "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::shared/open/*",
        },
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::shared/kept/*"},
    ]
    s3.put_bucket_policy(Bucket="shared", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert account.client("s3", guest).get_object(Bucket="shared", Key="open/x")["ContentLength"] == 1
    with pytest.raises(ClientError) as refused:
        account.client("s3", key).get_object(Bucket="shared", Key="kept/x")
    assert refusal(refused)[1].endswith("with an explicit deny in a resource-based policy")
    with pytest.raises(ClientError, match="AccessDenied"):
        account.client("s3", guest).put_object(Bucket="shared", Key="open/x", Body=b"2")


def test_a_user_has_its_own_policies_and_its_groups(account: Account) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="ada")
    iam.create_group(GroupName="operators")
    iam.add_user_to_group(UserName="ada", GroupName="operators")
    key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow("sqs:ListQueues")]})
    iam.put_group_policy(GroupName="operators", PolicyName="p", PolicyDocument=document)
    own = json.dumps({"Version": "2012-10-17", "Statement": [allow("sns:ListTopics")]})
    iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=own)
    account.client("sqs", key).list_queues()
    account.client("sns", key).list_topics()
    with pytest.raises(ClientError) as refused:
        account.client("events", key).list_rules()
    assert refusal(refused)[1].startswith(f"User: arn:aws:iam::{ACCOUNT}:user/ada is not authorized to perform:")
