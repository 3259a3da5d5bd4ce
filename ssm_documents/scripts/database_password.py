"""Writes the SQL of a rotation's two changes to standard output, never to a log; the passwords come from the secret.

Arguments: dialect (mysql | mariadb), action, ARN of the secret, hosts of the account (comma-separated), version to
keep, and for `add` the version to add.
- add: both passwords log in afterwards, whatever was valid before. The kept one is set first, so that it is the one
  that stays beside the new one even when an earlier run was cut off half-way.
- retire: the kept password alone logs in.
"""

import json
import sys

import boto3
from botocore.config import Config


def quoted(text):
    """Quote a string literal for either engine in its default SQL mode."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def statements(dialect, action, accounts, keep, add=""):
    result = []
    for account in accounts:
        if dialect == "mariadb":
            ways = [add, keep] if action == "add" else [keep]
            methods = " OR ".join(f"mysql_native_password USING PASSWORD({quoted(way)})" for way in ways)
            result.append(f"ALTER USER {account} IDENTIFIED VIA {methods}")
            continue
        result.append(f"ALTER USER {account} IDENTIFIED BY {quoted(keep)}")
        if action == "add":
            result.append(f"ALTER USER {account} IDENTIFIED BY {quoted(add)} RETAIN CURRENT PASSWORD")
        else:
            result.append(f"ALTER USER {account} DISCARD OLD PASSWORD")
    return result


def main():
    dialect, action, arn, hosts, *versions = sys.argv[1:]
    config = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 5})
    client = boto3.client("secretsmanager", config=config)
    secrets = [json.loads(client.get_secret_value(SecretId=arn, VersionId=v)["SecretString"]) for v in versions]
    users = {secret["username"] for secret in secrets}
    if len(users) != 1:
        sys.exit("the versions of the secret are for different users: a rotation changes the password of one")
    accounts = [f"{quoted(users.pop())}@{quoted(host)}" for host in hosts.split(",")]
    print(";\n".join(statements(dialect, action, accounts, *(secret["password"] for secret in secrets))) + ";")


if __name__ == "__main__":
    main()
