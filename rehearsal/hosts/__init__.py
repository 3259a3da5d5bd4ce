"""EC2 instances as systemd containers; subnets, routes, security groups and the outside around them."""

from __future__ import annotations

from rehearsal.hosts.addresses import ENDPOINT
from rehearsal.hosts.errors import HostsError
from rehearsal.hosts.images import PreparedImages
from rehearsal.hosts.internet import Internet
from rehearsal.hosts.outside import OpenOutside, open_outside
from rehearsal.hosts.preparation import prepare
from rehearsal.hosts.progress import Progress
from rehearsal.hosts.reconciler import Reconciler
from rehearsal.hosts.teardown import teardown

ENDPOINT_ADDRESS = str(ENDPOINT)
"""Where the cloud's endpoint has to listen for hosts, beside 127.0.0.1; it exists once `prepare` has returned."""

__all__ = [
    "ENDPOINT_ADDRESS",
    "HostsError",
    "Internet",
    "OpenOutside",
    "PreparedImages",
    "Progress",
    "Reconciler",
    "open_outside",
    "prepare",
    "teardown",
]
