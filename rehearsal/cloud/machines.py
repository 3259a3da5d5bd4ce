"""What the other services of the endpoint need to know of EC2 instances: state, tags, addresses, role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.cloud.moto_door import MotoDoor

GONE = frozenset({"shutting-down", "terminated"})


class Machines:
    """Reads moto's EC2 and IAM backends of one Region."""

    def __init__(self, door: MotoDoor, region: str) -> None:
        self._door = door
        self._region = region

    def instance(self, instance_id: str) -> Any | None:
        """Return moto's instance, also one that is stopped or terminated; None when EC2 never had it."""
        return next((instance for instance in self._instances() if instance.id == instance_id), None)

    def state(self, instance_id: str) -> str | None:
        """`running`, `stopped`, …; None for an instance that EC2 does not know."""
        instance = self.instance(instance_id)
        return None if instance is None else str(instance.state)

    def tags(self, instance_id: str) -> dict[str, str]:
        """Return the instance's tags."""
        return dict(self._door.backend("ec2", self._region).tags.get(instance_id, {}))

    def by_address(self, address: str) -> Any | None:
        """Return the living instance that has this private address in any VPC."""
        for instance in self._instances():
            if instance.state not in GONE and instance.nics and instance.private_ip == address:
                return instance
        return None

    def role(self, instance_id: str) -> Any | None:
        """Return moto's role of the instance's profile, if it has one."""
        profile = self.profile(instance_id)
        return next(iter(profile.roles), None) if profile is not None else None

    def profile(self, instance_id: str) -> Any | None:
        """Return moto's instance profile of the instance."""
        instance = self.instance(instance_id)
        wanted = (getattr(instance, "iam_instance_profile", None) or {}).get("Arn")
        associated = self._door.backend("ec2", self._region).iam_instance_profile_associations.get(instance_id)
        if associated is not None:
            return associated.iam_instance_profile
        profiles = self._door.backend("iam", "aws").instance_profiles.values()
        return next((profile for profile in list(profiles) if wanted and profile.arn == wanted), None)

    def _instances(self) -> Iterator[Any]:
        for reservation in list(self._door.backend("ec2", self._region).reservations.values()):
            yield from reservation.instances
