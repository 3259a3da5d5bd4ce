"""Labels on everything that a rehearsal makes in the engine: what carries none of them is never touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rehearsal.settings import Settings

PROJECT = "rehearsal.project"
"""The checkout's id: `Settings.project`."""
ROOT = "rehearsal.root"
"""The checkout's folder, to be named when another checkout finds the engine taken."""
ROLE = "rehearsal.role"
"""`host`, `internet`, `network`, `workbench` (a container in which an image is made), or `image`."""
INSTANCE = "rehearsal.instance"
VPC = "rehearsal.vpc"
MADE_OF = "rehearsal.made_of"
"""A digest of what a container was made of: one that is made of the same can be taken over."""


def labels(settings: Settings, role: str, **more: str) -> dict[str, str]:
    """Label a thing of this checkout; `more` adds further labels by their last word (`instance`, `vpc`)."""
    return {
        PROJECT: settings.project,
        ROOT: str(settings.root),
        ROLE: role,
        **{f"rehearsal.{key}": value for key, value in more.items()},
    }


def of_project(settings: Settings, role: str | None = None) -> dict[str, str | list[str] | bool]:
    """Filter for the engine's lists: things of this checkout, in one role or in any."""
    wanted = [f"{PROJECT}={settings.project}"]
    if role is not None:
        wanted.append(f"{ROLE}={role}")
    return {"label": wanted}
