"""What a host collects about itself, with every command it asks put in the place of the real one."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "ssm_documents" / "scripts" / "collect_diagnostics.sh"
ASKED = (
    "systemctl", "journalctl", "tail", "nginx", "grep", "cat", "ls", "certbot", "ss", "ip", "df", "free", "uptime",
    "ps",
)  # fmt: skip
AGENT_SNAP = "snap.amazon-ssm-agent.amazon-ssm-agent.service"
# The helpers of common.sh: masking marks each file that it finds, sending keeps what it is given.
HELPERS = """
set -euo pipefail
work_folder=$1
fail() { echo "$*" >&2; exit 1; }
result() { echo "$*"; }
run_helper() {
  case $1 in
    mask.py) for file in "$2"/*; do echo MASKED >>"$file"; done ;;
    upload.py) /bin/cat >"$work_folder/sent.tar.gz"; echo "checksum 1" ;;
  esac
}
. "$2"
"""


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of the archive that was sent: each holds the command that made it."""
    folder = tmp_path_factory.mktemp("host")
    commands = folder / "commands"
    commands.mkdir()
    for name in ASKED:
        (commands / name).write_text(f'#!/bin/sh\necho "{name} $*"\n', encoding="utf-8")
        (commands / name).chmod(0o755)
    environment = {"PATH": f"{commands}:/usr/bin:/bin", "SSM_Bucket": "b", "SSM_Key": "k", "SSM_SecretArn": "arn"}
    command = ["bash", "-c", HELPERS, "bash", str(folder), str(SCRIPT)]
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "key k sha256 checksum bytes 1\n"), ended.stderr
    with tarfile.open(folder / "sent.tar.gz") as archive:
        members = [(member.name, archive.extractfile(member)) for member in archive]
        return {Path(name).name: file.read().decode() for name, file in members if file is not None}


def test_the_agent_is_told_of_as_a_package_and_as_a_snap(collected: dict[str, str]) -> None:
    assert {"amazon-ssm-agent.service", AGENT_SNAP} <= set(collected["units.txt"].split())
    for unit in ("amazon-ssm-agent.service", AGENT_SNAP):
        journal = collected[f"journal-{unit.removesuffix('.service')}.txt"]
        assert journal.startswith(f"journalctl --unit {unit} --lines 400 ")


def test_the_agents_own_log_is_kept(collected: dict[str, str]) -> None:
    assert collected["agent.txt"].startswith("tail -n 400 /var/log/amazon/ssm/amazon-ssm-agent.log\n")


def test_everything_that_is_sent_was_masked_before(collected: dict[str, str]) -> None:
    assert [name for name, text in collected.items() if not text.endswith("MASKED\n")] == []


def test_everything_that_is_asked_was_put_in_the_place_of_the_real_one(collected: dict[str, str]) -> None:
    assert {text.split()[0] for text in collected.values()} == set(ASKED)
