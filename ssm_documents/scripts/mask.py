"""Masks secrets in every file of a folder, by value and by shape: `mask.py FOLDER SECRET_ARN`."""

import json
import re
import sys
import urllib.parse
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

MASK = b"********"
SHAPES = (
    re.compile(rb"(?is)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----"),
    re.compile(rb"(?i)(?<=password[=:])[^\s;,]+|(?<=password = )[^\s;,]+|(?<=identified by )'[^']*'"),
    re.compile(rb"(?i)(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
)


def values_of(arn):
    """Every spelling of the passwords that are, were or will be valid."""
    client = boto3.client("secretsmanager")
    found = set()
    for stage in ("AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"):
        try:
            secret = json.loads(client.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
        except (ClientError, BotoCoreError):
            continue
        password = secret["password"]
        found |= {password, json.dumps(password)[1:-1], urllib.parse.quote(password, safe="")}
    return sorted((value.encode() for value in found), key=len, reverse=True)


def main():
    folder, arn = sys.argv[1:]
    values = values_of(arn)
    for path in Path(folder).rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for value in values:
            content = content.replace(value, MASK)
        for shape in SHAPES:
            content = shape.sub(MASK, content)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
