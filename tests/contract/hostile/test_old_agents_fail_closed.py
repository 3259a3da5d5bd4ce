"""An agent that knows no `interpolationType: ENV_VAR` sets no variables: every document says so and does nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
OLD_AGENT = "3.3.1142.0"
MESSAGE = "this document needs SSM agent 3.3.2746.0 or later: update it, then run this again"
TAKING_PARAMETERS = sorted(
    path.stem
    for path in (ROOT / "ssm_documents" / "command").glob("*.yaml")
    if "interpolationType" in path.read_text(encoding="utf-8")
)


@pytest.fixture
def only_what_fails_needs(tmp_path: Path) -> Path:
    """A folder for PATH with what a script's preamble calls, and nothing that could do harm: the rest is not found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in ("sh", "bash", "rm", "cat"):
        (folder / program).symlink_to(str(shutil.which(program)))
    # Some look for the server's program; none may call it.
    (folder / "mysqld").symlink_to(str(shutil.which("false")))
    # The preamble makes its folder in /run, where only root may.
    (folder / "mktemp").write_text(f'#!/bin/sh\nexec {shutil.which("mktemp")} -d "{tmp_path}/work.XXXXXX"\n')
    (folder / "mktemp").chmod(0o755)
    return folder


@pytest.mark.parametrize("document", TAKING_PARAMETERS)
def test_it_fails_and_says_why(
    document: str, library: Any, values: Any, accepted: Any, others: Any, only_what_fails_needs: Path, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    given = others(document, "")
    for parameter, listed in accepted["handled_as_data"].get(document, {}).items():
        given[parameter] = values(document, parameter, str(canary))[next(iter(listed))]
    (tmp_path / "document.json").write_text(json.dumps(library[document]), encoding="utf-8")
    options = ["--parameters", json.dumps(given), "--agent-version", OLD_AGENT]
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal.agent", "document.json", *options],
        env={"PATH": str(only_what_fails_needs), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert (done.returncode, result["status"]) == (1, "Failed"), done.stderr
    [step] = result["steps"]
    assert MESSAGE in step["stderr"]
    assert step["stdout"] == ""
    assert not canary.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "document.json"], "it left something behind"


def test_every_document_with_parameters_is_tried(library: Any) -> None:
    commands = {name for name, content in library.items() if content["schemaVersion"] == "2.2"}
    assert {name for name in commands if library[name].get("parameters")} == set(TAKING_PARAMETERS)
