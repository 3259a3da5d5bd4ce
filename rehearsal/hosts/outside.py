"""Opens the outside: its network, its container, its repositories. It waits for nothing that the cloud does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.hosts import internet, networks
from rehearsal.hosts.engine import connect

if TYPE_CHECKING:
    from docker.models.containers import Container

    from rehearsal.hosts.images import PreparedImages
    from rehearsal.settings import Settings


@dataclass(frozen=True)
class OpenOutside:
    """The outside's container, and the certificates (PEM) that hosts are to trust for it."""

    container: Container
    authorities: bytes


def open_outside(settings: Settings, images: PreparedImages) -> OpenOutside:
    """Start the outside, or take over the one that runs, and publish its repositories.

    Raises HostsError when it cannot be started, and when another checkout's rehearsal is up.
    """
    from rehearsal.hosts.authority import open_authority  # noqa: PLC0415 - loads a large library

    client = connect()
    networks.refuse_another_rehearsal(client, settings)
    networks.ensure_outside(client, settings)
    authority = open_authority(settings.state_folder / "ca")
    container = internet.start_internet(client, settings, images.internet, authority)
    internet.publish_repositories(container, settings)
    return OpenOutside(container, authority.pem + internet.acme_root(container))
