"""The script that brings a host's network, names and devices to what EC2 says.

It runs at boot, before the init system does, and again whenever something changes; running it twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rehearsal.hosts import addresses, firewall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rehearsal.cloud.inventory import HostSpec
    from rehearsal.hosts.addresses import VpcAddresses

_END = "END_OF_FILE"
_LOOP_MAJOR = 7


@dataclass(frozen=True)
class AttachedVolume:
    """A volume of a host, and the loop device of this machine that backs it."""

    volume_id: str
    device: str
    loop: str
    """For example `/dev/loop3`."""

    @property
    def minor(self) -> int:
        """The loop device's number."""
        return int(self.loop.removeprefix("/dev/loop"))


def script(host: HostSpec, vpc: VpcAddresses, names: str, volumes: Iterable[AttachedVolume], endpoint_port: int) -> str:
    """Return the script for a host. The firewall comes first, so that nothing is ever open that should not be."""
    default = f"ip route replace default via {vpc.router}"
    if host.egress == "NONE":
        default = "ip route del default 2>/dev/null || true"
    lines = [
        "#!/bin/sh",
        "set -eu",
        "(",  # one at a time: at boot and from outside can coincide
        "flock 9",
        f"nft -f - <<'{_END}'\n{firewall.table(host.rules, endpoint_port)}{_END}",
        f"ip route replace {addresses.IMDS} via {vpc.gateway}",
        f"ip route replace default via {vpc.gateway} table {firewall.MARK}",
        f"ip rule list | grep -q 'fwmark {firewall.MARK:#x} ' ||",
        f"    ip rule add fwmark {firewall.MARK:#x} lookup {firewall.MARK}",
        default,
        # Docker mounts both files, so they are written and never replaced. Without a name server, a name that is not in
        # the list is unknown at once, where Docker's own name server would keep a client waiting.
        f"cat > /etc/hosts <<'{_END}'\n{names}{_END}",
        "echo '# Names of this VPC and of the outside are in /etc/hosts.' > /etc/resolv.conf",
        *_devices(volumes),
        ") 9> /run/rehearsal.lock",
    ]
    return "\n".join(lines) + "\n"


def _devices(volumes: Iterable[AttachedVolume]) -> Iterator[str]:
    """Yield what makes volumes appear as on an instance: an NVMe device, links by id and by the name of the attachment.

    The loop device's own name is made too: blkid looks for devices by the names that the kernel lists.
    """
    by_id = "/dev/disk/by-id"
    yield f"rm -rf {by_id} /dev/nvme* /dev/loop[0-9]* /dev/sd[b-z] /dev/xvd[b-z]"
    yield f"mkdir -p {by_id}"
    for index, volume in enumerate(sorted(volumes, key=lambda volume: volume.device), start=1):
        nvme = f"/dev/nvme{index}n1"
        for node in (nvme, volume.loop):
            yield f"mknod -m 660 {node} b {_LOOP_MAJOR} {volume.minor}"
        for link in (volume.device, f"{by_id}/nvme-Amazon_Elastic_Block_Store_{volume.volume_id.replace('-', '')}"):
            yield f"ln -sf {nvme} {link}"
