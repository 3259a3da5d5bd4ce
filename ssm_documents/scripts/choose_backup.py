"""Chooses the backup to restore: the one that is named, or the newest that is complete.

InputPayload: Bucket, Prefix, Key (may be empty). Returns Key, Sha256, Rows (text). A backup without a manifest was cut
off and is not taken.
"""

import json

import boto3
from botocore.exceptions import ClientError


def choose(events, _context):
    client = boto3.client("s3")
    bucket, prefix, key = events["Bucket"], events["Prefix"], events["Key"]
    if not key:
        names = []
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/"):
            names += [entry["Key"] for entry in page.get("Contents", []) if entry["Key"].endswith(".sql.gz.json")]
        if not names:
            raise RuntimeError(f"There is no backup under {prefix} in {bucket}: run FlaskOps-BackupDatabase first.")
        key = max(names).removesuffix(".json")
    try:
        manifest = json.loads(client.get_object(Bucket=bucket, Key=f"{key}.json")["Body"].read())
    except ClientError as error:
        raise RuntimeError(f"The backup {key} has no manifest in {bucket}: {error}") from None
    rows = " ".join(f"{table}={count}" for table, count in sorted(manifest["rows"].items()))
    return {"Key": manifest["key"], "Sha256": manifest["sha256"], "Rows": rows}
