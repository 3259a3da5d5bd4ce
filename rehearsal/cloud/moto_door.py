"""The one door to moto's process-wide registries.

moto keeps its state in module-level dictionaries, one for each service. Everything of ours that has to stand in there
goes through this module: a backend class that extends moto's, the look-up of a backend, and emptying it all again. No
other module reads or writes moto's registries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from moto import backends as registry
from moto.core.base_backend import BackendDict

BackendFactory = Callable[..., Any]
"""Called as `factory(region_name, account_id=…)`, as moto calls a backend's class."""


class MotoDoor:
    """moto's registries, opened by one cloud at a time and emptied when it closes.

    moto's state belongs to the process, so a second cloud in the same process would share the first one's resources.
    """

    _held = threading.Lock()

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        self._originals: dict[str, BackendFactory] = {}
        self._open = False

    def open(self) -> None:
        """Take the registries, empty. Raises RuntimeError when another cloud of this process holds them."""
        if not self._held.acquire(blocking=False):
            raise RuntimeError("another cloud runs in this process already; stop it first (moto's state is shared)")
        self._open = True
        BackendDict.reset()

    def close(self) -> None:
        """Give moto's own classes back and drop every resource."""
        if not self._open:
            return
        for service, original in self._originals.items():
            _registry(service).backend = original
        self._originals.clear()
        BackendDict.reset()
        self._open = False
        self._held.release()

    @property
    def is_open(self) -> bool:
        """Whether this cloud holds the registries."""
        return self._open

    def extend(self, service: str, factory: BackendFactory) -> None:
        """Let `factory` make the service's backends from here on. Must come before the service's first use."""
        backends = _registry(service)
        if self.account_id in backends and len(backends[self.account_id]) > 0:
            raise RuntimeError(f"moto's {service} is in use already; extend it before the first request")
        self._originals.setdefault(service, backends.backend)
        backends.backend = factory
        backends.pop(self.account_id, None)

    def backend(self, service: str, region: str) -> Any:
        """The account's backend of a service in a Region; global services take the partition `aws`."""
        return _registry(service)[self.account_id][region]

    def backends(self, service: str) -> dict[str, Any]:
        """The account's backends of a service that exist so far, by Region."""
        return dict(_registry(service)[self.account_id])


def _registry(service: str) -> Any:
    """Moto's dictionary of backends of a service; moto spells the names of services as a Literal of them all."""
    return registry.get_backend(service)  # type: ignore[call-overload]
