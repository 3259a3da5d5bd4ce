"""Lets a workbench reach packages as the machine does: its proxies, its certificates, its checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.hosts import mirror, recipes
from rehearsal.hosts.archive import File, text
from rehearsal.hosts.workbench import SCRATCH

if TYPE_CHECKING:
    from rehearsal.hosts.archive import Entry
    from rehearsal.hosts.workbench import Workbench


def use_mirror(bench: Workbench) -> dict[str, str]:
    """Put the machine's download settings into the workbench and return the environment for commands that fetch."""
    reach = mirror.reach_of_machine()
    lines = [*reach.settings, *recipes.APT_SETTINGS]
    entries: dict[str, Entry] = {}
    if reach.ca_bundle is not None:
        entries[f"{SCRATCH}/ca.crt"] = File(reach.ca_bundle.read_bytes())
        lines.append(f'Acquire::https::CaInfo "{SCRATCH}/ca.crt";')
    entries[f"{SCRATCH}/apt.conf"] = text("\n".join(lines) + "\n")
    bench.put(entries)
    return dict(reach.environment)
