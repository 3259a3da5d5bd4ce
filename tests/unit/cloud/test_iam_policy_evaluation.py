"""Policies, conditions and trust, as the evaluation logic of IAM has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloud.iam.conditions import is_met
from rehearsal.cloud.iam.context import RequestContext
from rehearsal.cloud.iam.granted import granted_actions
from rehearsal.cloud.iam.policy import Effect, Policy, evaluate, trusts

QUEUE = "arn:aws:sqs:us-east-1:111122223333:orders"
NOTHING = RequestContext({})


def policy(*statements: dict[str, Any]) -> Policy:
    return Policy.parse("p", json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(**more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", **more}


@pytest.mark.parametrize(
    ("statement", "action", "effect"),
    [
        (allow(), "sqs:SendMessage", Effect.ALLOW),
        (allow(Action="SQS:sendmessage"), "sqs:SendMessage", Effect.ALLOW),
        (allow(Action=["sqs:Get*", "sqs:Send?essage"]), "sqs:SendMessage", Effect.ALLOW),
        (allow(Action="sqs:Send"), "sqs:SendMessage", Effect.IMPLICIT_DENY),
        (allow(Action="s*"), "sns:Publish", Effect.ALLOW),
        (allow(Resource="arn:aws:sqs:*:111122223333:ord*"), "sqs:SendMessage", Effect.ALLOW),
        (allow(Resource="arn:aws:sqs:*:999999999999:*"), "sqs:SendMessage", Effect.IMPLICIT_DENY),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "sqs:SendMessage", Effect.ALLOW),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "iam:PassRole", Effect.IMPLICIT_DENY),
        ({"Effect": "Allow", "Action": "*", "NotResource": QUEUE}, "sqs:SendMessage", Effect.IMPLICIT_DENY),
    ],
)
def test_statements_match_by_action_and_resource(statement: dict[str, Any], action: str, effect: Effect) -> None:
    assert evaluate([policy(statement)], action, QUEUE, NOTHING).effect is effect


def test_an_explicit_deny_wins_over_every_allow() -> None:
    deny = {"Sid": "NoSending", "Effect": "Deny", "Action": "sqs:Send*", "Resource": "*"}
    verdict = evaluate([policy(allow()), policy(deny)], "sqs:SendMessage", QUEUE, NOTHING)
    assert (verdict.effect, verdict.statement) == (Effect.EXPLICIT_DENY, "p/NoSending")


def test_a_document_that_is_no_policy_allows_nothing() -> None:
    broken = [Policy.parse("p", text) for text in ("", "[]", "{", '{"Statement": 7}', '{"Statement": ["x"]}')]
    assert evaluate(broken, "sqs:SendMessage", QUEUE, NOTHING).effect is Effect.IMPLICIT_DENY


CONTEXT = RequestContext(
    {
        "aws:sourceip": "198.51.100.7",
        "aws:sourceaccount": "111122223333",
        "aws:sourcearn": "arn:aws:ssm:us-east-1:111122223333:automation-execution/1",
        "aws:securetransport": "true",
        "aws:requestedregion": "eu-central-1",
        "iam:passedtoservice": "ssm.amazonaws.com",
        "aws:username": "ada",
    },
    {"Tags": [{"Key": "Team", "Value": "ops"}, {"Key": "Cost", "Value": "1"}], "VersionStage": "AWSCURRENT"},
    service="secretsmanager",
    resource_tags=lambda: {"Role": "web", "FlaskOps:Stack": "app"},
)


@pytest.mark.parametrize(
    ("block", "met"),
    [
        ({"StringEquals": {"aws:SourceAccount": "111122223333"}}, True),
        ({"StringEquals": {"AWS:sourceaccount": ["x", "111122223333"]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "1111*"}}, False),
        ({"StringLike": {"aws:SourceAccount": "1111*"}}, True),
        ({"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2"]}}, True),
        ({"StringNotLike": {"aws:RequestedRegion": "eu-*"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:RequestedRegion": "EU-central-1"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:ssm:*:111122223333:automation-execution/*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:ssm:*:automation-execution/*"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": False}}, False),
        ({"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}, True),
        ({"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}}, True),
        ({"StringEquals": {"aws:ResourceTag/Role": ["web", "database"]}}, True),
        ({"StringEquals": {"ssm:resourceTag/Role": "web"}}, True),
        ({"StringLike": {"aws:ResourceTag/FlaskOps:Stack": "*"}}, True),
        ({"StringEquals": {"aws:ResourceTag/Nobody": "x"}}, False),
        ({"StringEqualsIfExists": {"aws:ResourceTag/Nobody": "x"}}, True),
        ({"StringNotEquals": {"aws:ResourceTag/Nobody": "x"}}, True),
        ({"Null": {"aws:ResourceTag/Nobody": "true"}}, True),
        ({"Null": {"aws:ResourceTag/Role": "true"}}, False),
        ({"StringEquals": {"aws:RequestTag/Team": "ops"}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "Cost"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["Team"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:Nothing": ["Team"]}}, False),
        ({"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}, True),
        ({"StringEquals": {"aws:username": "${aws:username}"}}, True),
        ({"NumericLessThan": {"aws:EpochTime": "9999999999"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "not a date"}}, False),
        ({"StringNearly": {"aws:username": "ada"}}, False),
        ({"StringEquals": {"aws:username": "ada", "aws:SourceAccount": "no"}}, False),
    ],
)
def test_conditions(block: dict[str, Any], met: bool) -> None:
    assert is_met(block, CONTEXT) is met


def test_policy_variables_stand_in_resources() -> None:
    own = policy(allow(Action="s3:*", Resource="arn:aws:s3:::home/${aws:username}/*"))
    assert evaluate([own], "s3:GetObject", "arn:aws:s3:::home/ada/x", CONTEXT).effect is Effect.ALLOW
    assert evaluate([own], "s3:GetObject", "arn:aws:s3:::home/bob/x", CONTEXT).effect is Effect.IMPLICIT_DENY
    literal = policy(allow(Action="s3:*", Resource="arn:aws:s3:::home/${*}"))
    assert evaluate([literal], "s3:GetObject", "arn:aws:s3:::home/x", CONTEXT).effect is Effect.IMPLICIT_DENY
    assert evaluate([literal], "s3:GetObject", "arn:aws:s3:::home/*", CONTEXT).effect is Effect.ALLOW
    nobody = policy(allow(Action="s3:*", Resource="arn:aws:s3:::home/${aws:PrincipalTag/none}*"))
    assert evaluate([nobody], "s3:GetObject", "arn:aws:s3:::home/", CONTEXT).effect is Effect.IMPLICIT_DENY


def trust(principal: Any, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Statement": statement})


@pytest.mark.parametrize(
    ("document", "principal", "trusted"),
    [
        (trust({"Service": "ssm.amazonaws.com"}), {"Service": "ssm.amazonaws.com"}, True),
        (trust({"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"]}), {"Service": "ssm.amazonaws.com"}, True),
        (trust({"Service": "ec2.amazonaws.com"}), {"Service": "ssm.amazonaws.com"}, False),
        (trust({"AWS": "arn:aws:iam::111122223333:root"}), {"AWS": "arn:aws:iam::111122223333:role/r"}, True),
        (trust({"AWS": "111122223333"}), {"AWS": "arn:aws:iam::111122223333:user/u"}, True),
        (trust({"AWS": "999999999999"}), {"AWS": "arn:aws:iam::111122223333:user/u"}, False),
        (trust({"AWS": "arn:aws:iam::111122223333:role/a"}), {"AWS": "arn:aws:iam::111122223333:role/b"}, False),
        (trust("*"), {"AWS": "arn:aws:iam::999999999999:role/b"}, True),
        ("no policy", {"Service": "ssm.amazonaws.com"}, False),
    ],
)
def test_trust_policies(document: str, principal: dict[str, str], trusted: bool) -> None:
    assert trusts(document, principal, "sts:AssumeRole", CONTEXT) is trusted


def test_a_trust_policy_may_ask_for_the_source_account() -> None:
    asks = trust({"Service": "ssm.amazonaws.com"}, Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}})
    assert trusts(asks, {"Service": "ssm.amazonaws.com"}, "sts:AssumeRole", CONTEXT)
    assert not trusts(asks, {"Service": "ssm.amazonaws.com"}, "sts:AssumeRole", NOTHING)


def test_granted_actions_expand_wildcards() -> None:
    granted = granted_actions([policy(allow(Action=["ssm:SendComm*", "s3:PutObject"]), allow(Action="*"))])
    assert granted == ["*:*", "s3:PutObject", "ssm:SendCommand"]
