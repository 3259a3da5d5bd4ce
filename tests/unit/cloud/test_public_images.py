"""Images that templates can name, by ID and by the public parameters of their makers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.cloud.ec2.images import IMAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[str], Any]]:
    cloud = Cloud(CloudSettings(account_id="111122223333", listen=(("127.0.0.1", 0),), instant_hosts=True))
    session: Any = boto3.session.Session("AKIAADMINISTRATOR000", "unchecked", region_name="us-east-1")
    cloud.start()
    yield lambda service: session.client(service, endpoint_url=cloud.url)
    cloud.stop()


def test_public_parameters_name_images_that_exist(client: Callable[[str], Any]) -> None:
    for image in IMAGES:
        for path in image.paths:
            stored = client("ssm").get_parameter(Name=path)["Parameter"]
            assert (stored["Value"], stored["DataType"]) == (image.image_id, "aws:ec2:image")
        (found,) = client("ec2").describe_images(ImageIds=[image.image_id])["Images"]
        assert (found["Name"], found["RootDeviceName"]) == (image.name, image.root_device)


def test_nobody_can_write_below_the_public_paths(client: Callable[[str], Any]) -> None:
    with pytest.raises(ClientError):
        client("ssm").put_parameter(Name=IMAGES[0].paths[0], Type="String", Value="ami-1", Overwrite=True)
