"""One rehearsal for all tests of this folder: brought up by the main job itself, taken down at the end."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from rehearsal.hosts import Internet
from rehearsal.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rehearsal.hosts.execution import Completed

ROOT = Path(__file__).resolve().parents[2]
UP_SECONDS = 900  # with images to be made; CI's own limit is above it


def rehearse(*arguments: str, timeout: float = UP_SECONDS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "rehearse"), *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=timeout, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal that is up, as a user meets it: the shell's variables, the AWS CLI, boto3, the outside."""

    settings: Settings
    main_job: subprocess.CompletedProcess[str]
    report: Mapping[str, Any]
    variables: Mapping[str, str]

    def aws(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The unmodified AWS CLI in a shell that evaluated `./rehearse env`, and nothing else of ours."""
        script = 'eval "$(./rehearse env)" && exec .venv/bin/aws "$@"'
        return subprocess.run(
            ["bash", "-c", script, "aws", *arguments],
            capture_output=True, text=True, check=False, cwd=ROOT, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def answer(self, *arguments: str) -> Any:
        """What the AWS CLI prints, as JSON."""
        done = self.aws(*arguments, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def client(self, service: str) -> Any:
        session = boto3.Session(
            aws_access_key_id=self.variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.variables["AWS_SECRET_ACCESS_KEY"],
            region_name=self.variables["AWS_REGION"],
        )
        return session.client(service, endpoint_url=self.variables["AWS_ENDPOINT_URL"])  # type: ignore[call-overload] # any service

    def outside(self, *argv: str, timeout_seconds: float = 30) -> Completed:
        return Internet(self.settings).run(argv, timeout_seconds=timeout_seconds)

    @property
    def stack(self) -> str:
        return self.settings.stacks[-1].name

    def outputs(self) -> dict[str, str]:
        [stack] = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings(ROOT / "rehearsal.toml")


@pytest.fixture(scope="session")
def rehearsal(settings: Settings) -> Iterator[Rehearsal]:
    """What `./rehearse all --keep` leaves up. A main job that did not come up fails every test with what it said."""
    done = rehearse("all", "--keep", "--tick-seconds", "5")
    try:
        lines = rehearse("env")
        assert lines.returncode == 0, f"the main job left nothing up:\n{done.stdout}\n{done.stderr}"
        exported = [line.removeprefix("export ") for line in lines.stdout.splitlines() if line.startswith("export ")]
        report = json.loads((settings.state_folder / "report.json").read_text())
        yield Rehearsal(settings, done, report, dict(line.split("=", 1) for line in exported))
    finally:
        rehearse("down")


@pytest.fixture(scope="session")
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`./rehearse` with arguments."""
    return rehearse
