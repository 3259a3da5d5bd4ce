"""The endpoint's state on disk, so that it survives a restart and a kill.

What moto's backends hold is pickled, one payload a service; what lives in the process (locks, clients, the door, the
backends themselves) is left out or found again. A file is replaced in one go, never changed in place. One that cannot
be read, or that another version wrote, is set aside with a message, and the endpoint starts afresh. The file is the
endpoint's own: it lies in the rehearsal's state folder, readable by its owner alone.
"""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import sys
import threading
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BaseBackend

from rehearsal.automation import AutomationEngine
from rehearsal.cloud.state_reducers import reduce_specially

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rehearsal.cloud.moto_door import MotoDoor

FORMAT = 2  # raised by whoever changes what saved objects of ours hold
ATTEMPTS = 5  # other threads change what is being pickled; a moment later they have finished
QUIET_SECONDS = 1.0
# Pickling holds up whoever is served meanwhile. A stack that is being deployed changes all the time, and is worth
# nothing half-made: its end is saved before anybody is told of it.
SHARE = 15  # of the time a save took, until the next one
BUSY_SECONDS = 10.0  # between saves while stacks are being deployed
HEADER_LIMIT = 1_000_000
_OF_THE_PROCESS = (AutomationEngine, BaseBackend)

log = logging.getLogger(__name__)


def stamp() -> dict[str, Any]:
    """Return what has to be the same for a saved state to be understood: our format, moto and Python."""
    return {"format": FORMAT, "moto": version("moto"), "python": f"{sys.version_info.major}.{sys.version_info.minor}"}


class StateKeeper:
    """Saves the account's backends when something may have changed, and restores them.

    `living` are objects that saved ones refer to and that a new process has of its own, by a name that stays the same;
    `notes` are objects of ours outside of moto that are saved by `__getstate__` and restored in place.
    """

    def __init__(
        self, door: MotoDoor, path: Path, living: Mapping[str, Any], notes: Mapping[str, Any] | None = None
    ) -> None:
        self._door = door
        self._path = path
        self._living = {"door": door, **living}
        self._notes = dict(notes or {})
        self._dirty = threading.Event()
        self._ending = threading.Event()
        self._saving = threading.Lock()
        self._complained: set[str] = set()
        self._unsettled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)

    def changed(self, *, stacks: bool = False) -> None:
        """Say that something may have changed, a stack perhaps: it is saved within seconds, mostly within one."""
        if stacks:
            self._unsettled.set()
        self._dirty.set()

    def settle(self) -> None:
        """Save now if a stack operation has ended, and no save has seen that.

        Whoever is told that a stack is done may rely on it, also when the process is killed right afterwards.
        """
        if self._busy():
            return
        with self._saving:  # also waits for a save that is under way
            needed = self._unsettled.is_set()
        if needed:
            self._save_or_say()

    def start(self) -> None:
        """Begin to save in the background."""
        self._thread.start()

    def close(self) -> None:
        """Save a last time; must come before the door closes. Safe to call twice."""
        if self._ending.is_set():
            return
        self._ending.set()
        self._dirty.set()
        if self._thread.is_alive():
            self._thread.join(30)
        self.save()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._dirty.wait()
            if self._ending.wait(QUIET_SECONDS):
                return
            started = time.monotonic()
            self._save_or_say()
            pause = (time.monotonic() - started) * SHARE
            if self._busy():
                self._dirty.set()  # what a stack operation ends with may come after its last call
                pause = max(pause, BUSY_SECONDS)
            self._ending.wait(pause)

    def _save_or_say(self) -> None:
        try:
            self.save()
        except OSError:
            log.exception("the endpoint's state could not be written to %s; it goes on in memory", self._path)

    def _busy(self) -> bool:
        stacks = [stack for each in self._door.backends("cloudformation").values() for stack in each.stacks.values()]
        return any(getattr(stack, "busy", False) for stack in stacks)

    def save(self) -> None:
        """Write everything now. A service that cannot be saved is left out, with a message. Raises OSError."""
        with self._saving:
            self._dirty.clear()
            self._unsettled.clear()
            if self._busy():
                self._unsettled.set()
            payloads: dict[str, bytes] = {}
            names = self._names()
            identities = self._identities(names)
            for name, backend in names.items():
                self._add(payloads, f"backend {name}", backend.__getstate__, identities)
            for name, note in self._notes.items():
                self._add(payloads, f"note {name}", note.__getstate__, identities)
            self._write(payloads)

    def _add(
        self,
        payloads: dict[str, bytes],
        name: str,
        state: Callable[[], Any],
        identities: Mapping[int, tuple[str, str]],
    ) -> None:
        reason = ""
        for attempt in range(ATTEMPTS):
            try:
                payloads[name] = _Pickler.dump_state(state(), identities)
            except RuntimeError as error:  # a dictionary changed size during iteration
                reason = str(error)
                time.sleep(0.01 * 2**attempt)
            except Exception as error:  # noqa: BLE001 - whatever an object raises that cannot be pickled
                reason = str(error)
                break
            else:
                return
        if name not in self._complained:
            self._complained.add(name)
            log.error("the state of %s cannot be saved, so a restart will forget it: %s", name, reason)

    def _names(self) -> dict[str, BaseBackend]:
        return {
            f"{service} {region}": backend
            for service, regions in self._door.in_use().items()
            for region, backend in regions.items()
        }

    def _identities(self, names: Mapping[str, BaseBackend]) -> dict[int, tuple[str, str]]:
        known = {id(backend): ("backend", name) for name, backend in names.items()}
        known.update({id(each): ("living", name) for name, each in self._living.items()})
        known.update({id(each): ("note", name) for name, each in self._notes.items()})
        for backend in names.values():
            known.update({id(each): ("managed", each.arn) for each in getattr(backend, "aws_managed_policies", ())})
        return known

    def _write(self, payloads: Mapping[str, bytes]) -> None:
        header = {**stamp(), "saved": time.time(), "parts": {name: len(data) for name, data in payloads.items()}}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            for data in payloads.values():
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    def restore(self) -> bool:
        """Take up what was saved; must come before the first request. Returns whether there was something.

        A file that cannot be understood is set aside as `….unreadable`.
        """
        if not self._path.exists():
            return False
        try:
            states = self._read()
        except Exception as error:  # noqa: BLE001 - a damaged pickle raises anything
            aside = self._path.with_suffix(".unreadable")
            self._path.replace(aside)
            log.warning(
                "the endpoint's saved state cannot be read (%s); it starts afresh, the file is %s", error, aside
            )
            return False
        for name, state in states.items():
            self._take_up(name, state)
        for backend in self._names().values():
            if hasattr(backend, "mark_interrupted"):
                backend.mark_interrupted()
        return True

    def _read(self) -> dict[str, Any]:
        with self._path.open("rb") as file:
            header = json.loads(file.readline(HEADER_LIMIT))
            written = {key: header.get(key) for key in stamp()}
            if written != stamp():
                raise ValueError(f"it was written by {written}, this is {stamp()}")
            parts = {name: file.read(size) for name, size in header["parts"].items()}
        if any(len(parts[name]) != size for name, size in header["parts"].items()):
            raise ValueError("it ends too early")
        return {name: _Unpickler(data, self._find).load() for name, data in parts.items()}

    def _find(self, reference: tuple[str, str]) -> Any:
        kind, name = reference
        if kind == "backend":
            service, region = name.split(" ")
            return self._door.backend(service, region)
        if kind == "managed":
            return next(each for each in self._door.backend("iam", "aws").aws_managed_policies if each.arn == name)
        if kind == "nothing":
            return None
        return (self._living if kind == "living" else self._notes)[name]

    def _take_up(self, name: str, state: Any) -> None:
        kind, _, rest = name.partition(" ")
        target = self._find((kind, rest))
        if kind == "note":
            target.__setstate__(state)
        else:
            target.__dict__.update(state)


class _Pickler(pickle.Pickler):
    """Leaves living objects out by name, and reduces what pickle cannot."""

    def __init__(self, file: io.BytesIO, identities: Mapping[int, tuple[str, str]]) -> None:
        super().__init__(file, protocol=5)
        self._identities = identities

    @classmethod
    def dump_state(cls, state: Any, identities: Mapping[int, tuple[str, str]]) -> bytes:
        file = io.BytesIO()
        cls(file, identities).dump(state)
        return file.getvalue()

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        """Name what a new process has of its own. Called for each of several hundred thousand objects."""
        found = self._identities.get(id(obj))
        if found is not None or not isinstance(obj, _OF_THE_PROCESS):
            return found
        if isinstance(obj, AutomationEngine):
            return ("nothing", "")  # opened anew when it is asked for; executions have a store of their own
        raise pickle.PicklingError(f"a backend that is not the account's: {type(obj).__name__}")

    def reducer_override(self, obj: Any) -> Any:
        """Reduce locks, functions without a name and dictionaries with a constructor of their own."""
        return reduce_specially(obj)


class _Unpickler(pickle.Unpickler):
    """Puts living objects back by name."""

    def __init__(self, data: bytes, find: Callable[[tuple[str, str]], Any]) -> None:
        super().__init__(io.BytesIO(data))
        self._find_living = find

    def persistent_load(self, pid: Any) -> Any:
        """Return the living object of a name."""
        return self._find_living(pid)
