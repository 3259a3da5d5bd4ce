"""Writes the SQL that makes the application's database and account, from the secret, to standard output.

Arguments: dialect (mysql | mariadb), database, host pattern, ARN of the secret, version stage.
"""

import json
import sys

import boto3
from botocore.config import Config


def quoted(text: str) -> str:
    """Quote a string literal for either engine in its default SQL mode."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def statements(dialect: str, database: str, host: str, user: str, password: str) -> list[str]:
    account = f"{quoted(user)}@{quoted(host)}"
    plugin = "caching_sha2_password" if dialect == "mysql" else "mysql_native_password"
    if dialect == "mysql":
        identified = f"IDENTIFIED WITH {plugin} BY {quoted(password)}"
    else:
        identified = f"IDENTIFIED VIA {plugin} USING PASSWORD({quoted(password)})"
    return [
        f"CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4",
        # An account that exists keeps its password: changing it is the business of the rotation alone.
        f"CREATE USER IF NOT EXISTS {account} {identified} REQUIRE SSL",
        f"GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON `{database}`.* TO {account}",
    ]


def main() -> None:
    dialect, database, host, arn, stage = sys.argv[1:]
    config = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 5})
    client = boto3.client("secretsmanager", config=config)
    secret = json.loads(client.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
    print(";\n".join(statements(dialect, database, host, secret["username"], secret["password"])) + ";")


if __name__ == "__main__":
    main()
