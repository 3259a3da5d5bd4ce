"""What has to be there before a rehearsal can start: an engine, images, and the outside's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.hosts import engine, networks
from rehearsal.hosts.images import ImageBuilder, PreparedImages

if TYPE_CHECKING:
    from rehearsal.hosts.progress import Progress
    from rehearsal.settings import Settings, Variant


def prepare(settings: Settings, variant: Variant, progress: Progress) -> PreparedImages:
    """Return images to start hosts from, with an engine that runs and the outside's network made.

    The network comes first of all that a rehearsal makes, because the endpoint listens on an address of it. The images'
    variant is the complete one, and can differ from the one asked for where packages cannot be had. When images exist
    already this takes a fraction of a second. Raises HostsError saying what to do.
    """
    client = engine.ensure(settings.state_folder, progress)
    networks.refuse_another_rehearsal(client, settings)
    images = ImageBuilder(client, settings, progress).build(settings.variant(variant))
    networks.ensure_outside(client, settings)
    return images
