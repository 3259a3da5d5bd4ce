"""Runs the load worker outside and collects what it says."""

from __future__ import annotations

import json
import threading
import time
import uuid
from importlib import resources
from typing import TYPE_CHECKING

from rehearsal.scenarios.measure import Sample
from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from rehearsal.scenarios.model import Load
    from rehearsal.scenarios.outside import Running
    from rehearsal.scenarios.surroundings import Surroundings

FOLDER = "/run/rehearsal-load"
START_SECONDS = 20  # until the first answers are in
LONGEST_SECONDS = 1800  # the worker's own bound


class LoadRun:
    """One load under way. `finish` ends it and gives the samples; `cancel` only ends it."""

    def __init__(self, load: Load, surroundings: Surroundings) -> None:
        self._load = load
        self._outside = surroundings.outside
        self._id = uuid.uuid4().hex[:12]
        self._lines: list[str] = []
        self._first = threading.Event()
        self._base_url = surroundings.values.fill(surroundings.common.base_url)
        self._running = self._start(surroundings.common.ca_file)
        self._reader = threading.Thread(target=self._read, args=(self._running,), name="load", daemon=True)
        self._reader.start()

    @property
    def stop_file(self) -> str:
        return f"{FOLDER}/{self._id}.stop"

    def wait_until_flowing(self) -> None:
        """Return once requests have been answered or lost, and then for as long as the load wants before the run."""
        if not self._first.wait(START_SECONDS) or not self._lines:
            self.cancel()
            raise ScenarioError(f"the load on {self._base_url} did not start within {START_SECONDS} s")
        time.sleep(self._load.before_seconds)

    def finish(self) -> list[Sample]:
        """Let the load run on for as long as it wants after the run, end it, and wait for the last answers."""
        time.sleep(self._load.after_seconds)
        self._outside.run(["touch", self.stop_file])
        self._reader.join(self._load.timeout_seconds + START_SECONDS)
        self.cancel()
        return self._samples()

    def cancel(self) -> None:
        self._running.stop()

    def _start(self, ca_file: str | None) -> Running:
        script = resources.files(__package__).joinpath("load_worker.py").read_text(encoding="utf-8")
        path = f"{FOLDER}/{self._id}.py"
        placed = self._outside.run(["sh", "-c", f"mkdir -p {FOLDER} && cat > {path}"], stdin=script)
        if placed.code != 0:
            raise ScenarioError(f"the load worker could not be placed outside: {placed.stderr.strip()}")
        config = {
            "base_url": self._base_url,
            "paths": list(self._load.paths),
            "requests_per_second": self._load.requests_per_second,
            "seconds": LONGEST_SECONDS,
            "connections": self._load.connections,
            "timeout_seconds": self._load.timeout_seconds,
            "ca_file": ca_file,
            "stop_file": self.stop_file,
        }
        return self._outside.start(["python3", path, json.dumps(config)])

    def _read(self, running: Running) -> None:
        for line in running.lines():
            self._lines.append(line)
            self._first.set()
        self._first.set()

    def _samples(self) -> list[Sample]:
        """The worker's lines as samples; complete only when its last line counts as many as there are."""
        rows = [json.loads(line) for line in self._lines if line.startswith("[")]
        last = json.loads(self._lines[-1]) if self._lines and self._lines[-1].startswith("{") else {}
        if last.get("sent") != len(rows):
            tail = "\n".join(line for line in self._lines[-5:] if not line.startswith("["))
            raise ScenarioError(
                f"the load worker ended early: it told of {len(rows)} requests and did not close its account. {tail}"
            )
        return [
            Sample(started, self._load.paths[path], bool(kept), status, milliseconds, error)
            for started, path, kept, status, milliseconds, error in rows
        ]
