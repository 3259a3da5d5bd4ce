"""What agents see of the endpoint: reports, messages that wait, replies that repeat, messages that nobody can read."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SHELL = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["id"]}}


def information(ssm: Any, instance_id: str) -> list[dict[str, Any]]:
    answer = ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [instance_id]}])
    found: list[dict[str, Any]] = answer["InstanceInformationList"]
    return found


def test_only_hosts_with_an_agent_are_nodes(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host(agent=False)
    assert information(ssm, host.instance_id) == []
    assert host.report(AgentVersion="3.2.0.0").json() == {}
    node = information(ssm, host.instance_id)[0]
    assert (node["PingStatus"], node["PlatformName"], node["ResourceType"]) == (
        "Online",
        "Debian GNU/Linux",
        "EC2Instance",
    )
    assert node["IsLatestVersion"] is False


def test_a_silent_agent_is_lost_and_comes_back(cloud: Any, ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host()
    cloud.ssm().nodes.get(host.instance_id).last_contact -= cloud.settings.connection_lost_after + 1
    assert information(ssm, host.instance_id)[0]["PingStatus"] == "ConnectionLost"
    host.call("ec2messages", "GetMessages", Destination=host.instance_id, MessagesRequestId="x")
    assert information(ssm, host.instance_id)[0]["PingStatus"] == "Online"


def test_stopped_hosts_are_lost_and_terminated_ones_gone(
    client: Callable[[str], Any], ssm: Any, new_host: Callable[..., Any]
) -> None:
    host = new_host()
    client("ec2").stop_instances(InstanceIds=[host.instance_id])
    assert information(ssm, host.instance_id)[0]["PingStatus"] == "ConnectionLost"
    client("ec2").terminate_instances(InstanceIds=[host.instance_id])
    assert information(ssm, host.instance_id) == []
    assert host.report().json()["__type"] == "InvalidInstanceId"


def test_nodes_are_filtered(ssm: Any, new_host: Callable[..., Any], name: str, refused: Callable[..., str]) -> None:
    host = new_host(Stack=name)

    def found(key: str, *values: str) -> bool:
        listed = ssm.describe_instance_information(Filters=[{"Key": key, "Values": list(values)}], MaxResults=50)
        return host.instance_id in [node["InstanceId"] for node in listed["InstanceInformationList"]]

    assert found("tag:Stack", name)
    assert found("tag-key", "Stack")
    assert found("PingStatus", "Online")
    assert found("PlatformTypes", "Linux")
    assert not found("PlatformTypes", "Windows")
    describe = ssm.describe_instance_information
    legacy = [{"key": "PingStatus", "valueSet": ["Online"]}]
    assert describe(InstanceInformationFilterList=legacy)["InstanceInformationList"]
    refused(describe, "InvalidFilterKey", Filters=[{"Key": "Colour", "Values": ["red"]}])
    refused(describe, "InvalidInstanceInformationFilterValue", Filters=[{"Key": "PingStatus", "Values": ["Fine"]}])
    refused(describe, "InvalidNextToken", NextToken="nonsense")
    both = [{"Key": "PingStatus", "Values": ["Online"]}]
    refused(describe, "ValidationException", Filters=both, InstanceInformationFilterList=legacy)


def test_a_waiting_agent_gets_a_message_the_moment_it_exists(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host()
    received: list[dict[str, Any]] = []

    def ask() -> None:
        while not received:
            received.extend(host.messages())

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    ssm.send_command(InstanceIds=[host.instance_id], **SHELL)
    asking.join(timeout=20)
    message = received[0]
    assert message["Topic"].startswith("aws.ssm.sendCommand.")
    assert message["Destination"] == host.instance_id
    assert message["MessageId"].endswith(f".{host.instance_id}")
    payload = json.loads(message["Payload"])
    assert payload["DocumentName"] == "AWS-RunShellScript"
    assert payload["Parameters"] == {"commands": ["id"]}
    assert payload["CommandId"] in message["MessageId"]
    host.acknowledge(message)


def test_waiting_agents_block_nobody(
    cloud: Any, ssm: Any, new_host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [new_host() for _ in range(8)]
    mailboxes = cloud.ssm().mailboxes
    take = mailboxes.take
    all_ask = threading.Barrier(len(hosts) + 1, timeout=20)
    answered: list[str] = []

    def take_patiently(destination: str, visibility: float, _wait: float) -> Any:
        all_ask.wait()
        return take(destination, visibility, 20)

    def poll(host: Any) -> None:
        answered.extend(message["Destination"] for message in host.messages())

    monkeypatch.setattr(mailboxes, "take", take_patiently)
    pollers = [threading.Thread(target=poll, args=(host,), daemon=True) for host in hosts]
    for poller in pollers:
        poller.start()
    all_ask.wait()
    assert information(ssm, hosts[0].instance_id)
    assert all(poller.is_alive() for poller in pollers)
    ssm.send_command(InstanceIds=[host.instance_id for host in hosts], **SHELL)
    for poller in pollers:
        poller.join(timeout=20)
    assert sorted(answered) == sorted(host.instance_id for host in hosts)


def test_an_unacknowledged_message_comes_again_and_an_acknowledged_one_does_not(
    ssm: Any, new_host: Callable[..., Any]
) -> None:
    host = new_host()
    ssm.send_command(InstanceIds=[host.instance_id], **SHELL)
    first = host.messages(visibility=0.2)
    again = host.messages()
    assert [m["MessageId"] for m in again] == [m["MessageId"] for m in first]
    host.acknowledge(again[0])
    assert host.messages() == []


def test_late_and_repeated_replies_change_nothing(
    ssm: Any, new_host: Callable[..., Any], step: Callable[..., dict[str, Any]]
) -> None:
    host = new_host()
    sent = ssm.send_command(InstanceIds=[host.instance_id], **SHELL)
    message = host.messages()[0]
    host.acknowledge(message)
    host.reply(message, "Success", {"aws:runShellScript": step("Success", 0, "first")})
    host.reply(message, "Failed", {"aws:runShellScript": step("Failed", 1, "second")})
    shown = ssm.get_command_invocation(CommandId=sent["Command"]["CommandId"], InstanceId=host.instance_id)
    assert (shown["Status"], shown["StandardOutputContent"]) == ("Success", "first")


def test_a_reboot_in_between_keeps_the_command_running(
    ssm: Any, new_host: Callable[..., Any], step: Callable[..., dict[str, Any]]
) -> None:
    host = new_host()
    sent = ssm.send_command(InstanceIds=[host.instance_id], **SHELL)
    message = host.messages()[0]
    host.acknowledge(message)
    host.reply(message, "InProgress", {"aws:runShellScript": step("SuccessAndReboot", 194)})
    where = {"CommandId": sent["Command"]["CommandId"], "InstanceId": host.instance_id}
    assert ssm.get_command_invocation(**where)["Status"] == "InProgress"
    host.reply(message, "Success", {"aws:runShellScript": step("Success", 0, "after")})
    assert ssm.get_command_invocation(**where)["StandardOutputContent"] == "after"


def test_a_message_that_the_agent_cannot_read_fails_the_invocation(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host()
    sent = ssm.send_command(InstanceIds=[host.instance_id], **SHELL)
    message = host.messages()[0]
    host.call("ec2messages", "FailMessage", MessageId=message["MessageId"], FailureType="InternalHandlerException")
    found = ssm.list_command_invocations(CommandId=sent["Command"]["CommandId"])["CommandInvocations"][0]
    assert found["Status"] == "Failed"
    assert "InternalHandlerException" in found["TraceOutput"]


def test_a_rejected_document_shows_the_agents_reason(ssm: Any, new_host: Callable[..., Any]) -> None:
    host = new_host()
    sent = ssm.send_command(InstanceIds=[host.instance_id], **SHELL)
    message = host.messages()[0]
    host.acknowledge(message)
    host.reply(message, "Failed", {}, trace="parameter validation failed")
    found = ssm.list_command_invocations(CommandId=sent["Command"]["CommandId"])["CommandInvocations"][0]
    assert (found["Status"], found["TraceOutput"]) == ("Failed", "parameter validation failed")


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        ("GetMessages", {}, "ValidationException"),
        ("GetMessages", {"Destination": "i-1", "VisibilityTimeoutInSeconds": "soon"}, "SerializationException"),
        ("SendReply", {"MessageId": "aws.ssm.x.y", "Payload": "{"}, "ValidationException"),
        ("SendReply", {"MessageId": "aws.ssm.x.y", "Payload": "[]"}, "ValidationException"),
        ("SendReply", {"MessageId": 5, "Payload": "{}"}, "ValidationException"),
        ("OpenTheDoor", {}, "UnknownOperationException"),
    ],
)
def test_what_no_agent_would_send_is_refused(
    operation: str, body: dict[str, Any], code: str, new_host: Callable[..., Any]
) -> None:
    answer = new_host(agent=False).call("ec2messages", operation, **body)
    assert answer.status_code == 400
    assert answer.json()["__type"] == code


def test_replies_about_unknown_messages_are_taken_and_dropped(new_host: Callable[..., Any]) -> None:
    host = new_host()
    for message_id in ("", "nonsense", "aws.ssm.a.b", f"aws.ssm.{'0' * 36}.{host.instance_id}"):
        host.call("ec2messages", "SendReply", MessageId=message_id, Payload="{}")
        answer = host.call("ec2messages", "DeleteMessage", MessageId=message_id or "x")
        assert answer.json() == {}


def test_associations_are_the_services_business(new_host: Callable[..., Any]) -> None:
    host = new_host()
    answer = host.call("ssm", "ListInstanceAssociations", InstanceId=host.instance_id)
    assert answer.json() == {"Associations": []}


def test_the_endpoint_names_itself(cloud: Any, new_host: Callable[..., Any]) -> None:
    assert new_host().call("ec2messages", "GetEndpoint", Destination="i-1").json() == {"Endpoint": cloud.url}


def test_a_host_outside_of_ec2_registers_and_works(
    client: Callable[[str], Any], ssm: Any, new_host: Callable[..., Any], refused: Callable[..., str]
) -> None:
    refused(ssm.create_activation, "InvalidParameters", IamRole="no-such-role")
    client("iam").create_role(RoleName="hybrid", AssumeRolePolicyDocument="{}")
    made = ssm.create_activation(IamRole="hybrid", DefaultInstanceName="cellar")
    listed = ssm.describe_activations(Filters=[{"FilterKey": "IamRole", "FilterValues": ["hybrid"]}])
    assert listed["ActivationList"][0]["RegistrationLimit"] == 1
    refused(ssm.describe_activations, "InvalidFilter", Filters=[{"FilterValues": ["hybrid"]}])
    host = new_host(agent=False)
    said = {"ActivationId": made["ActivationId"], "ActivationCode": made["ActivationCode"]}
    said |= {"Fingerprint": "finger", "PublicKey": "key", "PublicKeyType": "Rsa"}
    bare = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.RegisterManagedInstance"}
    wrong = host.http.post("/", headers=bare, content=json.dumps(said | {"ActivationCode": "x" * 20}))
    assert wrong.json()["__type"] == "InvalidActivation"
    host.instance_id = host.http.post("/", headers=bare, content=json.dumps(said)).json()["InstanceId"]
    again = host.http.post("/", headers=bare, content=json.dumps(said))
    assert again.json()["__type"] == "InvalidActivation"

    scope = f"{host.instance_id}/20260101/us-east-1/ssm/aws4_request"
    own = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    headers = bare | own | {"X-Amz-Target": "AmazonSSM.RequestManagedInstanceRoleToken"}
    stranger = host.http.post("/", headers=headers, content=json.dumps({"Fingerprint": "other"}))
    assert stranger.json()["__type"] == "MachineFingerprintDoesNotMatch"
    token = host.http.post("/", headers=headers, content=json.dumps({"Fingerprint": "finger"})).json()
    assert token["AccessKeyId"].startswith("ASIA")
    assert token["UpdateKeyPair"] is False

    host.report()
    node = information(ssm, host.instance_id)[0]
    assert (node["ResourceType"], node["IamRole"], node["Name"]) == ("ManagedInstance", "hybrid", "cellar")
    ssm.send_command(InstanceIds=[host.instance_id], **SHELL)
    host.run()
    ssm.deregister_managed_instance(InstanceId=host.instance_id)
    assert information(ssm, host.instance_id) == []
    ssm.delete_activation(ActivationId=made["ActivationId"])
    refused(ssm.delete_activation, "InvalidActivation", ActivationId=made["ActivationId"])
    refused(ssm.deregister_managed_instance, "InvalidInstanceId", InstanceId=host.instance_id)
