"""How long a minute of schedules and alarms lasts: bounded, kept, and not changed under a rehearsal that is up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rehearsal.cli.bring_up import bring_up
from rehearsal.cli.problems import Rejection
from rehearsal.cli.progress import Progress
from rehearsal.cli.up import up_command
from rehearsal.cloud import CloudSettings
from rehearsal.daemon.state import State, process_started
from rehearsal.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


def state(**more: float) -> State:
    return State(
        project="example", pid=os.getpid(), process_started=process_started(os.getpid()) or 0, endpoint="", region="",
        account_id="", access_key_id="", secret_access_key="", is_deployed=True, **more,
    )  # fmt: skip


@pytest.mark.parametrize("given", ["0.5", "61", "often"])
def test_a_tick_lasts_one_to_sixty_seconds(given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rehearsal.toml").write_text('name = "example"\n')
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(up_command, ["--tick-seconds", given])

    assert done.exit_code == 2
    assert "--tick-seconds" in done.output


@pytest.mark.parametrize("given", [0.5, 61.0])
def test_the_cloud_keeps_the_same_bounds(given: float) -> None:
    with pytest.raises(ValueError, match="tick_seconds must be between 1 and 60"):
        CloudSettings(tick_seconds=given)


def test_the_state_file_keeps_it(tmp_path: Path) -> None:
    state(tick_seconds=5.0).write(tmp_path)
    assert State.read(tmp_path) == state(tick_seconds=5.0)
    state().write(tmp_path)
    assert State.read(tmp_path) == state(tick_seconds=60.0)


def test_a_rehearsal_that_is_up_keeps_its_ticks(tmp_path: Path) -> None:
    (tmp_path / "rehearsal.toml").write_text('name = "example"\n[render]\ncommand = []\n')
    settings = load_settings(tmp_path / "rehearsal.toml")
    state(tick_seconds=5.0).write(settings.state_folder)

    with pytest.raises(Rejection, match="whose ticks last 5 s is up"):
        bring_up(settings, {}, Progress(), keep_failed=False, tick_seconds=10.0)
    assert bring_up(settings, {}, Progress(), keep_failed=False, tick_seconds=5.0).was_up
    assert bring_up(settings, {}, Progress(), keep_failed=False).state.tick_seconds == 5.0
