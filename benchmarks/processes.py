"""Tells where the time of a command goes, process by process, those in containers included.

Run as root, with nothing else under way: python benchmarks/processes.py ./rehearse all
Looks at every process five times a second while the command runs, which itself takes some 6 % of a core; one that ends
between two looks is missed. The command's output passes through. Afterwards it prints the CPU time that each program
took meanwhile, and when each process that lasted was there: on the critical path is who the others wait for.
Exits with the command's code; 2 when no command is given.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

LOOK_SECONDS = 0.2
SHOWN_PROGRAMS = 30
SHOWN_LETTERS = 140  # of a command
LASTED_SECONDS = 1.0
TICKS = os.sysconf("SC_CLK_TCK")
USER_TIME, SYSTEM_TIME, STARTED = 11, 12, 19  # fields of proc(5)'s stat, counted behind the command's name


@dataclass
class Process:
    """One process. Moments are seconds since the command began; `before` is the CPU time that it had used by then."""

    host: str
    first: float
    before: float
    is_new: bool
    command: str = ""
    last: float = 0.0
    cpu: float = 0.0

    @property
    def used(self) -> float:
        return self.cpu - self.before


@dataclass
class Watch:
    began: float = field(default_factory=time.monotonic)
    processes: dict[tuple[str, str], Process] = field(default_factory=dict)

    def look(self, *, at_start: bool = False) -> None:
        now = time.monotonic() - self.began
        for folder in Path("/proc").glob("[0-9]*"):
            if folder.name == str(os.getpid()):
                continue
            try:
                fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
                words = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ").split()
                host = (folder / "ns" / "uts").readlink().name
            except OSError:
                continue  # it has ended
            cpu = (int(fields[USER_TIME]) + int(fields[SYSTEM_TIME])) / TICKS
            process = self.processes.setdefault(
                (folder.name, fields[STARTED]), Process(host, now, cpu if at_start else 0.0, is_new=not at_start)
            )
            process.command = " ".join(words)[:SHOWN_LETTERS] or process.command  # a zombie has none left
            process.last, process.cpu = now, cpu


def show(watch: Watch, console: Console) -> None:
    own = Path("/proc/self/ns/uts").readlink().name
    used: defaultdict[str, float] = defaultdict(float)
    for process in watch.processes.values():
        used[process.command] += process.used
    programs = Table("CPU s", "Program", title=f"CPU time: {sum(used.values()):.0f} s")
    for command in sorted(used, key=lambda each: -used[each])[:SHOWN_PROGRAMS]:
        programs.add_row(f"{used[command]:.1f}", command or "(kernel)")
    lasting = Table("From", "To", "CPU s", "Where", "Process", title=f"Processes that lasted {LASTED_SECONDS:g} s")
    for process in sorted(watch.processes.values(), key=lambda each: each.first):
        if process.is_new and process.command and process.last - process.first >= LASTED_SECONDS:
            where = "here" if process.host == own else process.host.strip("uts:[]")[-4:]
            span = (f"{process.first:.1f}", f"{process.last:.1f}")
            lasting.add_row(*span, f"{process.used:.1f}", where, process.command)
    console.print(programs, lasting)


def main(command: list[str]) -> int:
    if not command:
        sys.stderr.write("usage: python benchmarks/processes.py COMMAND [ARGUMENT…]\n")
        return 2
    watch = Watch()
    watch.look(at_start=True)
    with subprocess.Popen(command) as running:
        while running.poll() is None:
            time.sleep(LOOK_SECONDS)
            watch.look()
    show(watch, Console())
    return running.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
