"""Runs functions in processes, and keeps these for the next invocation, as Lambda keeps execution environments.

Source of the semantics: AWS Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle". Memory
is told to the function and not limited.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from rehearsal.cloud.functions.environments import ExecutionEnvironment
from rehearsal.cloud.functions.local_process import LocalProcess
from rehearsal.cloud.functions.runner import RunnerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.cloud.functions.environments import ChannelOpener
    from rehearsal.cloud.functions.runner import FunctionCall, FunctionResult

IDLE_SECONDS = 300.0
MAX_ENVIRONMENTS = 32


class ProcessRunner:
    """Satisfies `runner.FunctionRunner`.

    `open_channel` starts a process by its command line, by default on this machine; `python` is the interpreter there,
    and `environment` overrides what the cloud says, such as where its endpoint is reached from there.
    """

    def __init__(
        self,
        open_channel: ChannelOpener = LocalProcess,
        *,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._open_channel = open_channel
        self._python = python
        self._environment = dict(environment or {})
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._idle: list[ExecutionEnvironment] = []
        self._busy: set[ExecutionEnvironment] = set()
        self._closed = threading.Event()

    def run(self, call: FunctionCall) -> FunctionResult:
        """Run one invocation to its end. Raises RunnerError."""
        environment = self._take(call) or self._start(call)
        try:
            return environment.run(call)
        finally:
            self._give_back(environment)

    def sweep(self) -> None:
        """End the processes that have been idle for too long."""
        with self._lock:
            old = [each for each in self._idle if time.monotonic() - each.used > self._idle_seconds]
            self._idle = [each for each in self._idle if each not in old]
        for each in old:
            each.close()

    def close(self) -> None:
        """End every process."""
        with self._lock:
            self._closed.set()
            found = [*self._idle, *self._busy]
            self._idle.clear()
        for each in found:
            each.close()

    def _take(self, call: FunctionCall) -> ExecutionEnvironment | None:
        """Take a process that has loaded this function; those of its earlier versions and configurations end."""
        outdated: list[ExecutionEnvironment] = []
        with self._lock:
            found = next((each for each in self._idle if each.fits(call)), None)
            if found is not None:
                self._idle.remove(found)
                self._busy.add(found)
            else:
                outdated = [each for each in self._idle if each.function == f"{call.arn}:{call.version}"]
                self._idle = [each for each in self._idle if each not in outdated]
        for each in outdated:
            each.close()
        return found

    def _start(self, call: FunctionCall) -> ExecutionEnvironment:
        with self._lock:
            if self._closed.is_set():
                raise RunnerError("the cloud is stopping: no function is started any more")
            if len(self._busy) >= MAX_ENVIRONMENTS:
                raise RunnerError(f"{MAX_ENVIRONMENTS} invocations run already: wait for one to end")
        try:
            made = ExecutionEnvironment(call, self._open_channel, self._python, self._environment)
        except OSError as error:
            raise RunnerError(f"the function's process could not be started: {error}") from error
        with self._lock:
            is_late = self._closed.is_set()
            if not is_late:
                self._busy.add(made)
        if is_late:
            made.close()
            raise RunnerError("the cloud is stopping: no function is started any more")
        return made

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            self._busy.discard(environment)
            is_kept = not self._closed.is_set() and not environment.is_broken
            if is_kept:
                self._idle.append(environment)
        if not is_kept:
            environment.close()
