from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError

from rehearsal.cli import ports
from rehearsal.cli.bring_up import render
from rehearsal.cli.context import exclusive
from rehearsal.cli.problems import Problem, as_problem
from rehearsal.cli.progress import Progress
from rehearsal.hosts.errors import HostsError
from rehearsal.scenarios.problems import ScenarioError
from rehearsal.settings import Settings, SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path


def settings_in(folder: Path, more: str = "") -> Settings:
    (folder / "rehearsal.toml").write_text(f'name = "example"\n{more}')
    return load_settings(folder / "rehearsal.toml")


def test_who_holds_a_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free("127.0.0.1", port)
        assert f"(process {os.getpid()})" in ports.holder(port)
    assert ports.is_free("127.0.0.1", port)
    assert ports.holder(port) == ""


def test_two_commands_do_not_bring_up_at_once(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with exclusive(settings), pytest.raises(Problem, match=r"another \./rehearse"), exclusive(settings):
        pass
    with exclusive(settings):
        pass


def test_a_render_command_that_fails_is_shown_with_what_it_wrote(tmp_path: Path) -> None:
    (tmp_path / "render.py").write_text("import sys; print('line 7 of x.yaml'); sys.exit(3)")
    settings = settings_in(tmp_path, '[render]\ncommand = ["python", "render.py"]\n')
    with pytest.raises(Problem) as raised:
        render(settings)
    assert raised.value.exit_code == 2
    assert "`python render.py` ended with code 3" in raised.value.message
    assert "line 7 of x.yaml" in raised.value.message
    assert "[render] command" in raised.value.next_step


def test_the_render_command_runs_in_the_checkout_with_this_python(tmp_path: Path) -> None:
    (tmp_path / "render.py").write_text("import sys, pathlib; pathlib.Path('made').write_text(sys.executable)")
    render(settings_in(tmp_path, '[render]\ncommand = ["python", "render.py"]\n'))
    assert (tmp_path / "made").read_text() == sys.executable


def test_progress_in_a_pipe_is_plain_lines_with_durations() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    with progress.phase("Deploying"):
        progress.line("a resource")
        progress.block("one\ntwo\n")
    with pytest.raises(KeyError), progress.phase("Searching"):
        raise KeyError
    with progress.phase("Scenario") as phase:
        phase.fell_short = True
    lines = stream.getvalue().splitlines()
    assert lines[:4] == ["… Deploying", "  a resource", "  │ one", "  │ two"]
    assert lines[4].startswith("✓ Deploying  ")
    assert lines[6].startswith("✗ Searching  ")
    assert lines[8].startswith("✗ Scenario  ")
    assert [title for title, _ in progress.phases] == ["Deploying", "Scenario"]


def test_a_problem_is_shown_with_its_next_step_and_no_traceback() -> None:
    script = (
        "import click\n"
        "from rehearsal.cli.problems import Rejection\n"
        "@click.command()\n"
        "def command(): raise Rejection('the thing', next_step='do this\\nor that')\n"
        "command()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "rehearse: the thing\n  do this\n  or that\n"


@pytest.mark.parametrize(
    ("error", "text", "code"),
    [
        (HostsError("no engine"), "no engine", 1),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:4566"), "did not answer", 1),
        (ScenarioError("web does not answer"), "web does not answer", 1),
        (SettingsError("no such option"), "no such option", 2),
    ],
)
def test_errors_that_explain_themselves_are_problems(error: Exception, text: str, code: int) -> None:
    problem = as_problem(error)
    assert problem is not None
    assert text in problem.message
    assert problem.exit_code == code


def test_a_fault_of_ours_is_not_dressed_up_as_a_problem() -> None:
    assert as_problem(KeyError("pid")) is None


@pytest.mark.parametrize(
    ("how", "code", "said"),
    [("raise KeyboardInterrupt", 130, "rehearse: interrupted"), ("os.kill(os.getpid(), 15)", 143, "")],
)
def test_a_command_that_is_told_to_end_still_takes_down(tmp_path: Path, how: str, code: int, said: str) -> None:
    (tmp_path / "rehearsal.toml").write_text('name = "example"\n')
    script = (
        "import os, sys, time\n"
        "import rehearsal.cli.env as env\n"
        "def told_to_end(_):\n"
        "    try:\n"
        f"        {how}\n"
        "        time.sleep(10)\n"
        "    finally:\n"
        "        print('taken down')\n"
        "env.running_state = told_to_end\n"
        "sys.argv = ['rehearse', 'env']\n"
        "from rehearsal.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (code, "taken down\n", said)
