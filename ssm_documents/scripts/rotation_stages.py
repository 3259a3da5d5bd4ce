"""Moves the stages of the secret: AWSCURRENT to one version, AWSPENDING away. Safe to repeat.

InputPayload: SecretArn, CurrentVersion (which version becomes AWSCURRENT), PendingVersion (which loses AWSPENDING).
"""

import boto3


def move(events, _context):
    client = boto3.client("secretsmanager")
    arn = events["SecretArn"]
    wanted = events["CurrentVersion"]
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    holder = next((version for version, stages in versions.items() if "AWSCURRENT" in stages), None)
    if holder != wanted:
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=wanted, RemoveFromVersionId=holder
        )
    if "AWSPENDING" in versions.get(events["PendingVersion"], []):
        client.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSPENDING", RemoveFromVersionId=events["PendingVersion"]
        )
    return {"CurrentVersion": wanted}
