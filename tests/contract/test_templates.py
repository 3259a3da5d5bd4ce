"""The two CloudFormation templates: lint, size, and what design §5 promises of networks, hosts and grants."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.documents import load_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
INLINE_LIMIT = 51_200
SEND = "ssm:SendCommand"


@pytest.fixture(scope="module")
def stack(render: ModuleType) -> dict[str, Any]:
    template: dict[str, Any] = render.load_template(ROOT / "cloudformation" / "stack.yaml")
    return template


@pytest.fixture(scope="module")
def operations(render: ModuleType) -> dict[str, Any]:
    template: dict[str, Any] = render.load_template(ROOT / "cloudformation" / "operations.yaml")
    return template


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {key: body for key, body in template["Resources"].items() if body["Type"] == kind}


def statements(template: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, body in template["Resources"].items():
        for key in ("PolicyDocument", "AssumeRolePolicyDocument"):
            for statement in body["Properties"].get(key, {}).get("Statement", []):
                yield name, statement


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


@pytest.mark.parametrize("name", ["stack.yaml", "operations.yaml"])
def test_cfn_lint_finds_nothing(name: str) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(ROOT / "cloudformation" / name)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_stack_deploys_without_a_bucket() -> None:
    assert (ROOT / "cloudformation" / "stack.yaml").stat().st_size < INLINE_LIMIT


@pytest.mark.parametrize("name", ["stack", "operations"])
def test_parameters_and_outputs_are_described_and_free_text_is_constrained(
    name: str, request: pytest.FixtureRequest
) -> None:
    template = request.getfixturevalue(name)
    grouped = [
        parameter
        for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        for parameter in group["Parameters"]
    ]
    assert sorted(grouped) == sorted(template["Parameters"])
    for key, parameter in template["Parameters"].items():
        assert parameter["Description"], key
        if parameter["Type"] == "String" and "AllowedValues" not in parameter:
            assert re.fullmatch(r"\^.*\$", parameter["AllowedPattern"]), key
            assert parameter["ConstraintDescription"], key
    for key, output in template["Outputs"].items():
        assert output["Description"], key


def test_rules_are_in_plain_english(stack: dict[str, Any]) -> None:
    for rule in stack["Rules"].values():
        for assertion in rule["Assertions"]:
            assert assertion["AssertDescription"].endswith(".")


def test_no_parameter_takes_a_password(stack: dict[str, Any]) -> None:
    assert [name for name in stack["Parameters"] if "password" in name.lower()] == []
    generated = stack["Resources"]["DatabaseSecret"]["Properties"]["GenerateSecretString"]
    assert "ExcludePunctuation" not in generated, "passwords with punctuation have to work"


def test_the_image_is_never_looked_up_again(stack: dict[str, Any]) -> None:
    """An SSM-parameter type would be resolved at each update, and a newer image would replace the database host."""
    assert stack["Parameters"]["ImageId"]["Type"] == "AWS::EC2::Image::Id"
    assert "resolve:ssm" not in json.dumps(stack)


def test_only_the_web_host_reaches_the_database(stack: dict[str, Any]) -> None:
    web = {"Fn::GetAtt": ["WebSecurityGroup", "GroupId"]}
    (rule,) = stack["Resources"]["DatabaseSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"], rule["SourceSecurityGroupId"]) == (3306, 3306, web)
    assert stack["Resources"]["DatabaseSsh"]["Properties"]["SourceSecurityGroupId"] == web


def test_the_web_host_is_open_where_it_has_to_be(stack: dict[str, Any]) -> None:
    rules = stack["Resources"]["WebSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    allowed = {"Ref": "FlaskAllowedCidr"}
    for_certificates = {"Fn::If": ["HasDomain", "0.0.0.0/0", allowed]}
    assert {rule["FromPort"]: rule["CidrIp"] for rule in rules} == {443: allowed, 80: for_certificates}


def test_ssh_is_closed_unless_a_network_is_named(stack: dict[str, Any]) -> None:
    optional = resources(stack, "AWS::EC2::SecurityGroupIngress")
    assert {name: body["Condition"] for name, body in optional.items()} == {"WebSsh": "HasSsh", "DatabaseSsh": "HasSsh"}
    assert {body["Properties"]["FromPort"] for body in optional.values()} == {22}
    assert stack["Parameters"]["SshAllowedCidr"]["Default"] == ""


def test_every_security_rule_says_what_it_is_for(stack: dict[str, Any]) -> None:
    for group in resources(stack, "AWS::EC2::SecurityGroup").values():
        for direction in ("SecurityGroupIngress", "SecurityGroupEgress"):
            assert all(rule["Description"] for rule in group["Properties"][direction])
    for body in resources(stack, "AWS::EC2::SecurityGroupIngress").values():
        assert body["Properties"]["Description"]


def test_hosts_require_imdsv2_encrypt_their_disks_and_have_no_user_data(stack: dict[str, Any]) -> None:
    hosts = resources(stack, "AWS::EC2::Instance")
    assert set(hosts) == {"WebHost", "DatabaseHost"}
    for host in hosts.values():
        properties = host["Properties"]
        assert properties["MetadataOptions"]["HttpTokens"] == "required"
        assert all(mapping["Ebs"]["Encrypted"] for mapping in properties["BlockDeviceMappings"])
        assert "UserData" not in properties
        tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
        assert tags["Role"] in {"web", "database"}
        assert tags["FlaskOps:Drills"] == {"Ref": "Drills"}


def test_drills_are_refused_unless_somebody_allows_them(stack: dict[str, Any]) -> None:
    assert stack["Parameters"]["Drills"]["Default"] == "refused"


def test_the_data_outlives_the_stack_and_the_host(stack: dict[str, Any]) -> None:
    volume = stack["Resources"]["DatabaseVolume"]
    assert (volume["DeletionPolicy"], volume["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    attachment = stack["Resources"]["DatabaseVolumeAttachment"]
    assert attachment["DeletionPolicy"] == "Retain", "to detach a volume in use hangs: the host's end frees it"
    assert "DatabaseVolume" in stack["Resources"]["DatabaseHost"]["DependsOn"], (
        "and the volume can go only after the host"
    )
    assert volume["Properties"]["Encrypted"] is True


def test_the_database_host_waits_for_its_route_out(stack: dict[str, Any]) -> None:
    assert "PrivateDefaultRoute" in stack["Resources"]["DatabaseHost"]["DependsOn"]
    assert "NatGatewayId" in stack["Resources"]["PrivateDefaultRoute"]["Properties"]


def test_bootstrap_documents_get_what_they_ask_for(stack: dict[str, Any]) -> None:
    associations = resources(stack, "AWS::SSM::Association")
    assert len(associations) == 2
    for association in associations.values():
        properties = association["Properties"]
        document = load_document(ROOT / "ssm_documents" / "command" / f"{properties['Name']}.yaml").content
        parameters = document["parameters"]
        assert set(properties["Parameters"]) <= set(parameters)
        required = {key for key, definition in parameters.items() if "default" not in definition}
        assert required <= set(properties["Parameters"])
        assert properties["WaitForSuccessTimeoutSeconds"] > 0
        assert properties["ScheduleExpression"].startswith("rate(")
        for key, values in properties["Parameters"].items():
            reference = values[0].get("Ref") if isinstance(values[0], dict) else None
            if reference in stack["Parameters"] and "AllowedPattern" in stack["Parameters"][reference]:
                assert stack["Parameters"][reference]["AllowedPattern"] == parameters[key]["allowedPattern"], key


@pytest.mark.parametrize("name", ["stack", "operations"])
def test_every_statement_has_a_sid_and_grants_no_wildcard_action(name: str, request: pytest.FixtureRequest) -> None:
    for resource, statement in statements(request.getfixturevalue(name)):
        assert re.fullmatch(r"[A-Za-z0-9]+", statement["Sid"]), resource
        if statement["Effect"] == "Allow":
            assert [action for action in strings(statement["Action"]) if "*" in action] == [], resource


@pytest.mark.parametrize("name", ["stack", "operations"])
def test_no_arn_names_a_partition(name: str, request: pytest.FixtureRequest) -> None:
    assert [text for text in strings(request.getfixturevalue(name)) if "arn:aws:" in text] == []


@pytest.mark.parametrize("role", ["DiagnoseRole", "OperateRole", "SimulateRole"])
def test_automation_roles_trust_automations_of_this_account_alone(operations: dict[str, Any], role: str) -> None:
    (statement,) = operations["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert "aws:SourceArn" in statement["Condition"]["ArnLike"]


def sent_by(role: str, operations: dict[str, Any]) -> set[str]:
    """The command documents that the role's runbooks send, by step or by script."""
    sent: set[str] = set()
    runbooks = operations["Metadata"]["Library"]["Roles"][role]
    for runbook in runbooks:
        content = load_document(ROOT / "ssm_documents" / "automation" / f"{runbook}.yaml").content
        for step in content["mainSteps"]:
            if step["action"] == "aws:runCommand":
                sent.add(step["inputs"]["DocumentName"])
            payload = step["inputs"].get("InputPayload", {})
            sent |= set(payload.get("Commands", []))
    return sent


@pytest.mark.parametrize("role", ["DiagnoseRole", "OperateRole", "SimulateRole"])
def test_a_role_may_send_exactly_the_documents_that_its_runbooks_send(operations: dict[str, Any], role: str) -> None:
    granted: set[str] = set()
    for body in resources(operations, "AWS::IAM::ManagedPolicy").values():
        if {"Ref": role} not in body["Properties"].get("Roles", []):
            continue
        for statement in body["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Action"] == SEND:
                granted |= {
                    text.rpartition("document/")[2] for text in strings(statement["Resource"]) if "document/" in text
                }
    assert granted == sent_by(role, operations)


def test_the_simulate_role_reaches_no_host_that_did_not_opt_in(operations: dict[str, Any]) -> None:
    for body in resources(operations, "AWS::IAM::ManagedPolicy").values():
        if {"Ref": "SimulateRole"} not in body["Properties"].get("Roles", []):
            continue
        for statement in body["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Action"] == SEND and any(":instance/" in text for text in strings(statement["Resource"])):
                assert statement["Condition"] == {"StringEquals": {"ssm:resourceTag/FlaskOps:Drills": "allowed"}}


def test_no_automation_role_may_read_a_secret(operations: dict[str, Any]) -> None:
    actions = {text for _, statement in statements(operations) for text in strings(statement["Action"])}
    assert "secretsmanager:GetSecretValue" not in actions


def test_people_who_diagnose_can_pass_no_other_role(operations: dict[str, Any]) -> None:
    policy = operations["Resources"]["DiagnosticianPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    passed = [statement["Resource"] for statement in policy if statement["Action"] == "iam:PassRole"]
    assert passed == [{"Fn::GetAtt": ["DiagnoseRole", "Arn"]}]
