"""What the tests of hosts share: hosts as EC2 would list them, and settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.cloud.inventory import Egress, HostSpec, Snapshot, Vpc
from rehearsal.settings import Settings, load_settings

if TYPE_CHECKING:
    from pathlib import Path

MakeHost = Callable[..., HostSpec]


@pytest.fixture
def make_host() -> MakeHost:
    def make(instance_id: str = "i-1", private_ip: str = "10.0.1.10", **more: Any) -> HostSpec:
        values: dict[str, Any] = {
            "instance_id": instance_id, "name": instance_id, "state": "running", "image_id": "ami-0",
            "instance_type": "t3.micro", "vpc_id": "vpc-1", "subnet_id": "subnet-1", "private_ip": private_ip,
            "public_ip": None, "egress": Egress.NONE, "egress_ip": None, "rules": (), "volumes": (), "tags": {},
        }  # fmt: skip
        return HostSpec(**{**values, **more})

    return make


@pytest.fixture
def make_snapshot() -> Callable[..., Snapshot]:
    def make(*hosts: HostSpec) -> Snapshot:
        return Snapshot(1, (Vpc("vpc-1", "10.0.0.0/16"),), hosts)

    return make


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a small library in a folder of its own."""
    (tmp_path / "requirements.txt").write_text("flask==3.1.3\n")
    (tmp_path / "rehearsal.toml").write_text(
        """
name = "small"
[image]
cache = ["nginx"]
requirements = ["requirements.txt"]
[options.database]
default = "first"
fallback = "second"
[options.database.first]
cache = ["first-server"]
[options.database.second]
cache = ["second-server"]
[[outside.names]]
name = "shop.example.test"
tag = "Role"
value = "web"
"""
    )
    return load_settings(tmp_path / "rehearsal.toml")


class Steps:
    """Progress that can be read afterwards."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, text: str) -> None:
        self.steps.append(text)


@pytest.fixture
def progress() -> Steps:
    return Steps()
