"""A bucket's policy is judged once, with its conditions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud import Cloud

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def _policy(bucket: str, **condition: Any) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        **condition,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _role_s3(client: Callable[[str], Any], cloud: Cloud, name: str) -> Any:
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(allow))
    keys = client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="writer")["Credentials"]
    session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], "us-east-1")
    return session.client("s3", endpoint_url=cloud.url)


def test_a_bucket_that_denies_what_comes_without_tls_takes_what_comes_with_it(
    client: Callable[[str], Any], cloud: Cloud
) -> None:
    client("s3").create_bucket(Bucket="only-tls")
    condition = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    client("s3").put_bucket_policy(Bucket="only-tls", Policy=_policy("only-tls", **condition))
    s3 = _role_s3(client, cloud, "tls-writer")
    s3.put_object(Bucket="only-tls", Key="a/b", Body=b"kept")
    assert s3.get_object(Bucket="only-tls", Key="a/b")["Body"].read() == b"kept"


def test_a_bucket_that_denies_everything_denies_it(client: Callable[[str], Any], cloud: Cloud) -> None:
    client("s3").create_bucket(Bucket="closed")
    client("s3").put_bucket_policy(Bucket="closed", Policy=_policy("closed"))
    with pytest.raises(ClientError) as caught:
        _role_s3(client, cloud, "closed-writer").put_object(Bucket="closed", Key="a", Body=b"refused")
    assert caught.value.response["Error"]["Code"] == "AccessDenied"


def test_a_bucket_that_is_not_there_is_not_found(client: Callable[[str], Any]) -> None:
    with pytest.raises(ClientError) as caught:
        client("s3").head_bucket(Bucket="nowhere-to-be-found")
    assert caught.value.response["Error"]["Code"] == "404"
