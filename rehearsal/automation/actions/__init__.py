"""The actions of schema 0.3, one module each.

A module here defines `ACTION`. Nothing else has to be told of it: the engine lists this folder. Modules whose name
starts with an underscore are shared helpers.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.action import Action


@cache
def all_actions() -> Mapping[str, Action]:
    """Return every action by its name (`aws:…`)."""
    found: dict[str, Action] = {}
    for module in pkgutil.iter_modules(__path__):
        if not module.name.startswith("_"):
            action: Action = importlib.import_module(f"{__name__}.{module.name}").ACTION
            found[action.name] = action
    return MappingProxyType(found)
