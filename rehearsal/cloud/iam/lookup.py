"""What authorization has to know of the account's resources: whole ARNs, tags, who a target reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.moto_door import MotoDoor

GONE = ("shutting-down", "terminated")


class Lookup:
    """Reads moto's backends of one Region."""

    def __init__(self, door: MotoDoor, account_id: str, region: str) -> None:
        self._door = door
        self._account_id = account_id
        self._region = region

    def whole_arn(self, arn: str) -> str:
        """Complete an ARN that a request names in part: a secret without its suffix, a role without its path."""
        service = arn.split(":")[2]
        if service == "secretsmanager":
            return self._secret_arn(arn)
        if service == "iam":
            return self._iam_arn(arn)
        return arn

    def _secret_arn(self, arn: str) -> str:
        name = arn.split(":", 6)[6]
        for secret in list(self._door.backend("secretsmanager", self._region).secrets.values()):
            if arn == secret.arn or name in (secret.name, secret.arn.split(":", 6)[6]):
                return str(secret.arn)
        return arn

    def _iam_arn(self, arn: str) -> str:
        kind, _, name = arn.split(":", 5)[5].partition("/")
        iam = self._door.backend("iam", "aws")
        holders = {"role": iam.roles, "user": iam.users, "instance-profile": iam.instance_profiles}.get(kind, {})
        for holder in list(holders.values()):
            if holder.name == name:
                return str(holder.arn)
        return arn

    def stack_arn(self, name: str) -> str:
        """Return the ARN of a stack by its name."""
        for stack in list(self._door.backend("cloudformation", self._region).stacks.values()):
            if stack.name == name:
                return str(stack.stack_id)
        return f"arn:aws:cloudformation:{self._region}:{self._account_id}:stack/{name}/*"

    def stack_of_change_set(self, change_set_id: str) -> str | None:
        """Return the ARN of the stack that a change set belongs to."""
        for stack in list(self._door.backend("cloudformation", self._region).stacks.values()):
            if change_set_id in getattr(stack, "change_sets", {}):
                return str(stack.stack_id)
        return None

    def targeted_instances(self, targets: list[Any]) -> list[str]:
        """Return the instances that Run Command's targets reach: by IDs, or by tags all of which must fit."""
        found: set[str] | None = None
        for target in targets:
            key, values = str(target.get("Key", "")), set(map(str, target.get("Values") or []))
            if key.lower() == "instanceids":
                reached = values
            elif key.startswith("tag:"):
                reached = {each.id for each in self._instances() if self._tags(each.id).get(key[4:]) in values}
            elif key == "tag-key":
                reached = {each.id for each in self._instances() if values & set(self._tags(each.id))}
            else:
                continue
            found = reached if found is None else found & reached
        return sorted(found or ())

    def resource_tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource of any service whose moto backend can list them; none for others."""
        parts = arn.split(":", 5)
        if len(parts) < 6:  # noqa: PLR2004 - the parts of an ARN
            return {}
        service = parts[2]
        if service == "ec2":
            return self._tags(parts[5].rpartition("/")[2])
        if service == "iam":
            return self._iam_tags(arn)
        if service == "secretsmanager":
            return self._secret_tags(arn)
        if service == "ssm" and parts[5].startswith("document/"):
            return self._document_tags(parts[5].partition("/")[2])
        return self._listed_tags(service, arn)

    def resource_policy(self, arn: str) -> str | None:
        """Return the policy of a bucket (also for its objects) or of a secret, if it has one."""
        parts = arn.split(":", 5)
        if len(parts) < 6:  # noqa: PLR2004 - the parts of an ARN
            return None
        if parts[2] == "s3":
            bucket = self._door.backend("s3", "aws").buckets.get(parts[5].partition("/")[0])
            policy: bytes | None = getattr(bucket, "policy", None)
            return policy.decode() if policy else None
        if parts[2] == "secretsmanager":
            for secret in list(self._door.backend("secretsmanager", self._region).secrets.values()):
                if secret.arn == arn:
                    return str(secret.policy) if secret.policy else None
        return None

    def _listed_tags(self, service: str, arn: str) -> dict[str, str]:
        region = "aws" if service in ("s3", "iam", "route53") else self._region
        name = {"states": "stepfunctions", "monitoring": "cloudwatch"}.get(service, service)
        try:
            backend = self._door.backend(name, region)
            tagged = backend.iter_tagged_resources()
        except (ImportError, KeyError, AttributeError, NotImplementedError):
            return {}
        return next((dict(each.tags) for each in tagged if each.arn == arn), {})

    def _secret_tags(self, arn: str) -> dict[str, str]:
        for secret in list(self._door.backend("secretsmanager", self._region).secrets.values()):
            if secret.arn == arn:
                return {tag["Key"]: tag["Value"] for tag in secret.tags or []}
        return {}

    def _document_tags(self, name: str) -> dict[str, str]:
        tags = getattr(self._door.backend("ssm", self._region), "_resource_tags", {})
        return dict(tags.get("Document", {}).get(name, {}))

    def _iam_tags(self, arn: str) -> dict[str, str]:
        from rehearsal.cloud.iam.principals import tags_of_entity  # noqa: PLC0415 - principals need this package first

        iam = self._door.backend("iam", "aws")
        holders = [*iam.roles.values(), *iam.users.values(), *iam.instance_profiles.values()]
        return next((tags_of_entity(each) for each in holders if each.arn == arn), {})

    def _instances(self) -> Iterator[Any]:
        for reservation in list(self._door.backend("ec2", self._region).reservations.values()):
            yield from (instance for instance in reservation.instances if instance.state not in GONE)

    def _tags(self, instance_id: str) -> dict[str, str]:
        return dict(self._door.backend("ec2", self._region).tags.get(instance_id, {}))
