"""Which resource types there are: one file each in `types/`, and those that moto's own models can do."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import lru_cache
from typing import TYPE_CHECKING

from rehearsal.cloud.cloudformation.resource_type import ResourceType

if TYPE_CHECKING:
    from collections.abc import Mapping


@lru_cache(maxsize=1)
def resource_types() -> Mapping[str, ResourceType]:
    """Return every resource type of this endpoint by its name."""
    from rehearsal.cloud.cloudformation import types  # noqa: PLC0415 - the types need this package first
    from rehearsal.cloud.cloudformation.moto_types import moto_types  # noqa: PLC0415 - loads all of moto's services

    found: dict[str, ResourceType] = dict(moto_types())
    for module_info in pkgutil.iter_modules(types.__path__):
        module = importlib.import_module(f"{types.__name__}.{module_info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            if (
                member.__module__ == module.__name__
                and issubclass(member, ResourceType)
                and "type_name" in vars(member)
            ):
                found[member.type_name] = member()
    return found


def known_types() -> frozenset[str]:
    """Return the names of all types that a template may use."""
    return frozenset(resource_types())
