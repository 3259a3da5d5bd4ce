"""Sends requests at a constant rate and says what became of each; runs where the application's clients are.

Stands alone: Python 3.11 and aiohttp, nothing of this project. Usage: `python3 load_worker.py CONFIG`, CONFIG being one
JSON object:

    base_url         scheme and host, e.g. "https://shop.example.test"
    paths            list of paths; they take turns
    requests_per_second, seconds, connections, timeout_seconds
    ca_file          the certificate authority to trust, or null for the system's
    stop_file        the load ends early once this file exists

The load is an open loop: request number i starts at start + i / rate whether or not earlier ones were answered, as
independent clients do, and its latency counts from that moment, so that a stall shows in full. Every second request is
sent on a connection of its own (TCP and TLS handshake included), the others on kept-alive ones. A request is lost when
the connection fails, when no complete answer comes in time, or when the status is not 2xx. Nothing is retried: aiohttp
repeats a request whose kept-alive connection turned out to be closed, and such a repetition is counted as lost.

Output: JSON arrays, one a line, in order of completion: [started, path, kept_alive, status, milliseconds, error];
`started` in epoch seconds, `path` an index into paths, `status` 0 when there was none, `error` "" when none.
The last line is {"sent": N}. Standard input is not read. Exit code 2 for a CONFIG outside the bounds.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp

BOUNDS = {
    "requests_per_second": (1, 2000),
    "seconds": (1, 1800),
    "connections": (1, 4000),
    "timeout_seconds": (0.1, 60),
}
FLUSH_SECONDS = 0.2
# Few, so that each is used several times a second and an idle one is never closed by the server in the meantime.
KEPT_ALIVE_CONNECTIONS = 20


class Planned(NamedTuple):
    """A request to be sent: when, by the monotonic clock and in epoch seconds, and to which of the paths."""

    due: float
    epoch: float
    path: int
    kept_alive: bool


class Worker:
    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.base_url = config["base_url"].rstrip("/")
        self.rate = config["requests_per_second"]
        self.stop_file = Path(config["stop_file"])
        self.timeout = aiohttp.ClientTimeout(total=config["timeout_seconds"])
        self.in_flight: set[asyncio.Task[None]] = set()
        self.lines: list[str] = []
        self.sent = 0

    def record(self, planned: Planned, status: int, seconds: float, error: str) -> None:
        self.sent += 1
        row = [round(planned.epoch, 4), planned.path, int(planned.kept_alive), status, round(seconds * 1000, 2), error]
        self.lines.append(json.dumps(row))

    async def request(self, session: aiohttp.ClientSession, planned: Planned) -> None:
        attempts = SimpleNamespace(count=0)
        status, error = 0, ""
        try:
            async with session.get(
                self.base_url + self.config["paths"][planned.path],
                allow_redirects=False,
                timeout=self.timeout,
                trace_request_ctx=attempts,
            ) as response:
                status = response.status
                await response.read()
        except TimeoutError:
            error = f"no answer within {self.config['timeout_seconds']} s"
        except (aiohttp.ClientError, OSError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        if not error and attempts.count > 1:
            error = "the kept-alive connection was closed under the request"
        if not error and not 200 <= status < 300:  # noqa: PLR2004 - HTTP's success class
            error = f"HTTP {status}"
        self.record(planned, status, time.monotonic() - planned.due, error)

    async def pace(self, short: aiohttp.ClientSession, kept: aiohttp.ClientSession) -> None:
        """Start each request at its moment, until the time is over or the stop file appears."""
        start, epoch = time.monotonic(), time.time()
        look_again = 0.0
        for number in range(int(self.rate * self.config["seconds"])):
            offset = number / self.rate
            delay = start + offset - time.monotonic()
            if delay > 0:
                await asyncio.sleep(delay)
            if time.monotonic() > look_again:
                look_again = time.monotonic() + 0.05
                if self.stop_file.exists():
                    return
            planned = Planned(start + offset, epoch + offset, number // 2 % len(self.config["paths"]), number % 2 == 1)
            if len(self.in_flight) >= self.config["connections"]:
                self.record(planned, 0, 0, f"{self.config['connections']} requests were waiting for an answer already")
                continue
            task = asyncio.create_task(self.request(kept if planned.kept_alive else short, planned))
            self.in_flight.add(task)
            task.add_done_callback(self.in_flight.discard)

    async def flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self.write()

    def write(self) -> None:
        if self.lines:
            sys.stdout.write("\n".join(self.lines) + "\n")
            sys.stdout.flush()
            self.lines.clear()

    async def run(self) -> None:
        context = ssl.create_default_context(cafile=self.config["ca_file"])
        traces = [_count_connections()]
        flushing = asyncio.create_task(self.flush())
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, force_close=True, limit=0), trace_configs=traces
            ) as short,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=KEPT_ALIVE_CONNECTIONS), trace_configs=traces
            ) as kept,
        ):
            await self.pace(short, kept)
            if self.in_flight:
                await asyncio.wait(self.in_flight)
        flushing.cancel()
        self.write()
        sys.stdout.write(json.dumps({"sent": self.sent}) + "\n")
        sys.stdout.flush()


def _count_connections() -> aiohttp.TraceConfig:
    """Count the connections that one request used; more than one means that aiohttp repeated it."""

    async def used(_session: object, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.count += 1

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(used)
    trace.on_connection_create_end.append(used)
    return trace


def check(config: dict[str, Any]) -> list[str]:
    """What is wrong with a configuration, one sentence each."""
    problems = [
        f"{key} must be from {low} to {high}, not {config.get(key)!r}"
        for key, (low, high) in BOUNDS.items()
        if not isinstance(config.get(key), int | float) or not low <= config[key] <= high
    ]
    paths = config.get("paths")
    if not isinstance(paths, list) or not paths or not all(isinstance(p, str) and p.startswith("/") for p in paths):
        problems.append("paths must be a list of paths that start with /")
    problems += [f"{key} is missing" for key in ("base_url", "stop_file", "ca_file") if key not in config]
    return problems


def main(argv: list[str]) -> int:
    if len(argv) != 2:  # noqa: PLR2004 - the program's name and CONFIG
        sys.stderr.write("usage: load_worker.py CONFIG\n")
        return 2
    config = json.loads(argv[1])
    if problems := check(config):
        sys.stderr.write("".join(f"load_worker: {problem}\n" for problem in problems))
        return 2
    asyncio.run(Worker(config).run())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
