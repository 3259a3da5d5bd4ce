"""Puts a new password into the secret as AWSPENDING, or takes up the one that an interrupted rotation left there.

InputPayload: SecretArn. Returns CurrentVersion, PendingVersion, Resumed. The password is in no input, output or log.
"""

import json
import uuid

import boto3

ACCOUNT = "appuser"
LENGTH = 32


def staged(client, arn, stage):
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    return next((version for version, stages in versions.items() if stage in stages), "")


def prepare(events, _context):
    client = boto3.client("secretsmanager")
    arn = events["SecretArn"]
    current = staged(client, arn, "AWSCURRENT")
    pending = staged(client, arn, "AWSPENDING")
    if pending and pending != current:
        return {"CurrentVersion": current, "PendingVersion": pending, "Resumed": True}
    password = client.get_random_password(PasswordLength=LENGTH, RequireEachIncludedType=True)["RandomPassword"]
    pending = str(uuid.uuid4())
    client.put_secret_value(
        SecretId=arn,
        ClientRequestToken=pending,
        SecretString=json.dumps({"username": ACCOUNT, "password": password}),
        VersionStages=["AWSPENDING"],
    )
    return {"CurrentVersion": current, "PendingVersion": pending, "Resumed": False}
