"""Machine images that a rehearsal's EC2 offers, and the public parameters under which AWS publishes their like.

Whatever the image, hosts are made from the one that the rehearsal is configured with; these give templates something to
name. The paths are those of Canonical and Debian.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.ec2.models.amis import Ami
from moto.ssm.models import Parameter


@dataclass(frozen=True)
class PublicImage:
    """An image, and the paths of the public parameters that hold its ID."""

    image_id: str
    name: str
    owner: str
    root_device: str
    paths: tuple[str, ...]


PUBLISHED = datetime(2026, 1, 1, tzinfo=UTC)
UBUNTU = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm"
IMAGES = (
    PublicImage(
        "ami-0123456789abcdef0",
        "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server",
        "099720109477",
        "/dev/sda1",
        (f"{UBUNTU}/ebs-gp3/ami-id", f"{UBUNTU}/ebs-gp2/ami-id"),
    ),
    PublicImage(
        "ami-0123456789abcdef1",
        "debian-12-amd64",
        "136693071363",
        "/dev/xvda",
        ("/aws/service/debian/release/12/latest/amd64", "/aws/service/debian/release/bookworm/latest/amd64"),
    ),
    PublicImage(
        "ami-0123456789abcdef2",
        "debian-13-amd64",
        "136693071363",
        "/dev/xvda",
        ("/aws/service/debian/release/13/latest/amd64", "/aws/service/debian/release/trixie/latest/amd64"),
    ),
)


def offer_images(backend: Any) -> None:
    """Add the images to moto's EC2 backend."""
    for image in IMAGES:
        backend.amis[image.image_id] = Ami(
            backend,
            image.image_id,
            name=image.name,
            description=image.name,
            owner_id=image.owner,
            public=True,
            virtualization_type="hvm",
            architecture="x86_64",
            root_device_name=image.root_device,
            root_device_type="ebs",
            hypervisor="xen",
        )


def offer_parameters(ssm_backend: Any) -> None:
    """Add the public parameters to moto's SSM backend; nobody may write below /aws, so not through its API."""
    for image in IMAGES:
        for path in image.paths:
            ssm_backend._parameters[path] = [  # noqa: SLF001 - moto's own defaults stand there too
                Parameter(  # type: ignore[abstract]  # moto marks optional methods abstract
                    account_id=ssm_backend.account_id,
                    name=path,
                    value=image.image_id,
                    parameter_type="String",
                    description=image.name,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=PUBLISHED,
                    version=1,
                    data_type="aws:ec2:image",
                )
            ]
