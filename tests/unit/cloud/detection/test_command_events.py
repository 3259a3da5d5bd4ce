"""What Run Command and State Manager's commands tell EventBridge, and what alarms tell functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from .conftest import ACCOUNT, FORWARDING, REGION, allow, eventually, make_function, queue, received, role

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud import Cloud


def test_a_command_tells_each_status_once(cloud: Cloud, client: Callable[[str], Any]) -> None:
    url, arn = queue(client("sqs"), "commands", "events.amazonaws.com")
    events = client("events")
    events.put_rule(
        Name="commands", EventPattern=json.dumps({"source": ["aws.ssm"], "detail-type": [{"prefix": "EC2 Command"}]})
    )
    events.put_targets(Rule="commands", Targets=[{"Id": "queue", "Arn": arn}])
    vpc = client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    node = client("ec2").run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0]
    headers = {
        "X-Amz-Target": "AmazonSSM.UpdateInstanceInformation",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKIAHOST/20260101/{REGION}/ssm/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    agent = {"AgentName": "amazon-ssm-agent", "AgentVersion": "3.3.3572.0", "AgentStatus": "Active"}
    platform = {"PlatformType": "Linux", "PlatformName": "Debian GNU/Linux", "PlatformVersion": "12"}
    said = {"InstanceId": node["InstanceId"], **agent, **platform, "IPAddress": "10.0.1.9", "ComputerName": "web"}
    httpx.post(cloud.url, headers=headers, content=json.dumps(said)).raise_for_status()
    client("ssm").create_document(
        Name="Own-Command",
        DocumentType="Command",
        Content=json.dumps(
            {
                "schemaVersion": "2.2",
                "mainSteps": [{"name": "run", "action": "aws:runShellScript", "inputs": {"runCommand": ["true"]}}],
            }
        ),
    )
    command = client("ssm").send_command(
        DocumentName="Own-Command", InstanceIds=[node["InstanceId"]], TimeoutSeconds=600
    )["Command"]["CommandId"]
    client("ssm").cancel_command(CommandId=command)
    told: list[dict[str, Any]] = []

    def all_told() -> bool:
        told.extend(json.loads(message["Body"]) for message in received(client("sqs"), url))
        return {"Cancelled"} <= {event["detail"]["status"] for event in told if "instance-id" not in event["detail"]}

    eventually(all_told, "the command's last status")
    whole = [event for event in told if event["detail-type"] == "EC2 Command Status-change Notification"]
    single = [event for event in told if event["detail-type"] == "EC2 Command Invocation Status-change Notification"]
    assert {event["detail"]["command-id"] for event in told} == {command}
    statuses = [event["detail"]["status"] for event in whole]
    assert len(statuses) == len(set(statuses))
    assert {event["detail"]["instance-id"] for event in single} == {node["InstanceId"]}
    assert whole[0]["detail"]["document-name"] == "Own-Command"
    assert whole[0]["resources"] == [f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{node['InstanceId']}"]


def test_an_alarm_invokes_a_function_that_lets_it(client: Callable[[str], Any]) -> None:
    url, arn = queue(client("sqs"), "alarmed")
    own = role(client("iam"), "alarmed", "lambda.amazonaws.com", allow("sqs:SendMessage", arn))
    function = make_function(client("lambda"), "alarmed", FORWARDING.format(url=url), own, Timeout=30)
    client("lambda").add_permission(
        FunctionName="alarmed", StatementId="alarms", Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com", SourceAccount=ACCOUNT,
    )  # fmt: skip
    client("cloudwatch").put_metric_alarm(
        AlarmName="calls", Namespace="N", MetricName="M", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="LessThanThreshold", TreatMissingData="breaching", AlarmActions=[function],
    )  # fmt: skip
    event = json.loads(eventually(lambda: received(client("sqs"), url), "the invocation")[0]["Body"])

    assert event["source"] == "aws.cloudwatch"
    assert event["alarmData"]["alarmName"] == "calls"
    assert event["alarmData"]["state"]["value"] == "ALARM"


def test_a_topic_reaches_a_function_and_a_web_server(client: Callable[[str], Any]) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer  # noqa: PLC0415 - this test alone
    from threading import Thread  # noqa: PLC0415

    posted: list[tuple[str, dict[str, Any]]] = []

    class Recorder(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posted.append((self.headers["x-amz-sns-message-type"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Recorder)
    Thread(target=server.serve_forever, daemon=True).start()
    url, arn = queue(client("sqs"), "fanned")
    source = f"""
import boto3

def handler(event, context):
    message = event["Records"][0]["Sns"]
    boto3.client("sqs").send_message(QueueUrl={url!r}, MessageBody=message["Subject"] + ": " + message["Message"])
"""
    own = role(client("iam"), "fanned", "lambda.amazonaws.com", allow("sqs:SendMessage", arn))
    function = make_function(client("lambda"), "fanned", source, own, Timeout=30)
    topic = client("sns").create_topic(Name="fanned")["TopicArn"]
    client("lambda").add_permission(
        FunctionName="fanned", StatementId="topic", Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com", SourceArn=topic,
    )  # fmt: skip
    client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    client("sns").subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{server.server_port}/")
    client("sns").publish(TopicArn=topic, Subject="hello", Message="world")
    message = eventually(lambda: received(client("sqs"), url), "the function's message")[0]
    kind, body = eventually(lambda: posted, "the notification over HTTP")[0]
    server.shutdown()
    server.server_close()

    assert message["Body"] == "hello: world"
    assert (kind, body["Message"], body["TopicArn"]) == ("Notification", "world", topic)
