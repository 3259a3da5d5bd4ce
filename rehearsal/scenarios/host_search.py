"""Looks on a host for values of which it knows only length and salted digest; prints {"searched": N, "found": [...]}.

Stands alone, standard library only: `secret_search.py` sends it to hosts. Its argument is a JSON object:
{"salt": text, "digests": [[length, SHA-256 of salt + value in hexadecimal, form], ...]}.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where a value would be on record or on display. Program files and the database's own files are not: they are large,
# and a database keeps its passwords as digests of its own.
FOLDERS = ("/var/log", "/etc", "/run/systemd/transient", "/root", "/home", "/var/lib/amazon", "/var/lib/cloud")
LARGEST_FILE = 20_000_000


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        for parent, _, names in os.walk(folder):
            if parent.startswith("/var/log/journal"):
                continue  # read through journalctl
            for path in (Path(parent, name) for name in names):
                try:
                    found = path.lstat()
                except OSError:
                    continue  # removed since it was listed
                if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE:
                    yield path
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            yield from (process / "environ", process / "cmdline")


def places() -> Iterator[tuple[str, bytes]]:
    """(name, content) of everything to search in."""
    journal = ["journalctl", "--no-pager", "--quiet", "--all", "--output=export"]
    entries = subprocess.run(journal, capture_output=True, check=False).stdout
    # The fields that begin with two underscores are the journal's own (cursor, clock): a new long word for each entry.
    yield "the journal", b"\n".join(line for line in entries.split(b"\n") if not line.startswith(b"__"))
    for listing in (["systemctl", "show-environment"], ["ps", "-eo", "args"]):
        yield " ".join(listing), subprocess.run(listing, capture_output=True, check=False).stdout
    for path in files():
        try:
            with path.open("rb") as file:
                yield str(path), file.read(LARGEST_FILE)
        except OSError:
            continue  # a process that has ended, or a file of a kind that cannot be read


def find(content: bytes, salt: bytes, digests: list[tuple[int, str, str]], known: set[bytes]) -> list[str]:
    """The forms found in a content. `known` remembers stretches without white space that hold nothing."""
    lengths = {length for length, _, _ in digests}
    wanted = {digest: form for _, digest, form in digests}
    found = set()
    for stretch in set(re.findall(rb"[^\s\x00]{%d,}" % min(lengths), content)) - known:
        here = {
            wanted[digest]
            for length in lengths
            for start in range(len(stretch) - length + 1)
            if (digest := hashlib.sha256(salt + stretch[start : start + length]).hexdigest()) in wanted
        }
        found |= here
        if not here:
            known.add(stretch)
    return sorted(found)


def main() -> None:
    config = json.loads(sys.argv[1])
    salt = config["salt"].encode()
    searched, found = 0, []
    known: set[bytes] = set()
    for name, content in places():
        searched += 1
        found += [f"{name} ({form})" for form in find(content, salt, config["digests"], known)]
    sys.stdout.write(json.dumps({"searched": searched, "found": found}) + "\n")


if __name__ == "__main__":
    main()
