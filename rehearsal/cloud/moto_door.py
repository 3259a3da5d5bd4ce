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
        self._later: dict[str, Callable[[], BackendFactory]] = {}
        self._first: Callable[[], None] | None = None
        self._ready = True
        self._loading = threading.RLock()
        self._open = False

    def open(self) -> None:
        """Take the registries, empty. Raises RuntimeError when another cloud of this process holds them."""
        if not self._held.acquire(blocking=False):
            raise RuntimeError("another cloud runs in this process already; stop it first (moto's state is shared)")
        self._open = True
        _empty()

    def close(self) -> None:
        """Give moto's own classes back and drop every resource."""
        if not self._open:
            return
        for service, original in self._originals.items():
            _registry(service).backend = original
        self._originals.clear()
        self._later.clear()
        self._first, self._ready = None, True
        self._open = False
        _empty()
        self._held.release()

    @property
    def is_open(self) -> bool:
        """Whether this cloud holds the registries."""
        return self._open

    def extend(self, service: str, factory: BackendFactory) -> None:
        """Let `factory` make the service's backends from here on. What the service held is dropped."""
        backends = _registry(service)
        self._originals.setdefault(service, backends.backend)
        backends.backend = factory
        backends.clear()  # every account's: moto finds a service's URLs through an account of its own choice

    def extend_on_use(self, service: str, load: Callable[[], BackendFactory]) -> None:
        """Extend a service when it is first used: `load` imports what takes long and returns the factory."""
        self._later[service] = load

    def extend_first(self, load: Callable[[], None]) -> None:
        """Call `load` before anything of moto is used: it extends the services that others of moto's reach into."""
        self._first, self._ready = load, False

    def prepare(self, service: str) -> None:
        """Extend a service now if it waits for its first use."""
        if not self._ready:
            with self._loading:
                first, self._first = self._first, None
                if first is not None:
                    first()
                    self._ready = True
        if service in self._later:
            with self._loading:
                if load := self._later.get(service):
                    self.extend(service, load())
                    self._later.pop(service, None)

    def backend(self, service: str, region: str) -> Any:
        """Return the account's backend of a service in a Region; global services take the partition `aws`.

        Raises ClosedDoorError once the cloud has stopped, so that what still runs in it creates nothing anew.
        """
        if not self._open:
            raise ClosedDoorError(f"the cloud has stopped; its {service} is gone")
        self.prepare(service)
        return _registry(service)[self.account_id][region]

    def backends(self, service: str) -> dict[str, Any]:
        """Return the account's backends of a service that exist so far, by Region."""
        return dict(_registry(service).get(self.account_id) or {}) if self._open else {}

    def in_use(self) -> dict[str, dict[str, Any]]:
        """Return all of the account's backends that exist so far, by service and Region."""
        used: list[Any] = list(vars(BackendDict)["_instances"]) if self._open else []
        return {each.service_name: dict(each[self.account_id]) for each in used if self.account_id in each}


class ClosedDoorError(RuntimeError):
    """Somebody asks for a backend of a cloud that has stopped."""


def _registry(service: str) -> Any:
    """Moto's dictionary of backends of a service; moto spells the names of services as a Literal of them all."""
    return registry.get_backend(service)  # type: ignore[call-overload]


def _empty() -> None:
    """Drop everything that moto holds. Resetting one service may create another's backend, so all are cleared after."""
    used: list[Any] = list(vars(BackendDict)["_instances"])  # moto has no other list of what is in use
    BackendDict.reset()
    for backends in used:
        backends.clear()
