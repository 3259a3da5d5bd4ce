"""Measures the health reporter: what its import takes in a fresh interpreter, and its answer when everything hangs.

Run: python benchmarks/health.py
Prints a table and exits 1 when a bound is exceeded. The import is told as CPU time and as the clock's best of several,
so that a busy machine does not blur it; the answer is by the clock, because the function promises it by the clock.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

FUNCTION = Path(__file__).parents[1] / "lambda" / "health"
RUNS = 15
IMPORT_BOUND_MS = 150.0
ANSWER_BOUND_S = 10.0
IMPORT = """
import json, sys, time
began, used = time.perf_counter(), time.process_time()
import handler
took = [1000 * (time.perf_counter() - began), 1000 * (time.process_time() - used)]
print(json.dumps({"took": took, "aws": sorted(name for name in sys.modules if name in ("boto3", "botocore"))}))
"""
ANSWER = """
import json, time
import handler
began = time.perf_counter()
answer = handler.handler({}, None)
print(json.dumps({"took": time.perf_counter() - began, "answer": answer}))
"""


def run(code: str, **environment: str) -> dict[str, Any]:
    """Run code beside the function in an interpreter of its own; its last line of output is JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=FUNCTION,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def answer_when_all_hangs() -> dict[str, Any]:
    """Let every check reach a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as mute:
        port = str(mute.getsockname()[1])
        keys = {"AWS_ACCESS_KEY_ID": "played", "AWS_SECRET_ACCESS_KEY": "played", "AWS_DEFAULT_REGION": "us-east-1"}
        watched = {"STACK_NAME": "shop", "PUBLIC_HOST": "127.0.0.1", "HTTPS_PORT": port, "HTTP_PORT": port}
        return run(
            ANSWER,
            **keys,
            **watched,
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
            BACKUP_BUCKET="b",
            BACKUP_PREFIX="p/",
        )


def main() -> int:
    imports = [run(IMPORT) for _ in range(RUNS)]
    clock, cpu = (sorted(each["took"][index] for each in imports) for index in (0, 1))
    hung = answer_when_all_hangs()
    assert {check["status"] for check in hung["answer"]["checks"]} == {"down"}
    assert all(not each["aws"] for each in imports), "the import loads no AWS library"
    rows = [
        ("import, CPU time, median", statistics.median(cpu), "ms", IMPORT_BOUND_MS),
        ("import, clock, best", clock[0], "ms", IMPORT_BOUND_MS),
        ("answer when everything hangs", hung["took"], "s", ANSWER_BOUND_S),
    ]
    table = Table("health reporter", "value", "bound")
    for name, value, unit, bound in rows:
        table.add_row(name, f"{value:.1f} {unit}", f"{bound:g} {unit}")
    Console().print(table)
    return int(any(value > bound for _, value, _, bound in rows))


if __name__ == "__main__":
    sys.exit(main())
