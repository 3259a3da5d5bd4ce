"""`./rehearse` itself, in a checkout that is only it and a lock file."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
UV = "uv==2 \\\n    --hash=sha256:2a \\\n    --hash=sha256:2b"
LOCK = f"one==1 \\\n    --hash=sha256:1\n    # via uv\n{UV}\n    # via rehearsal\nuvicorn==3 \\\n    --hash=sha256:3\n"
TOOLS = ("bash", "dirname", "readlink", "cmp", "cp", "flock", "env")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose PATH has the shell's own tools and no Python."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    shutil.copy(ROOT / "rehearse", folder)
    (folder / "requirements.lock").write_text(LOCK)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    return folder


def program(checkout: Path, name: str, script: str) -> None:
    path = checkout.parent / "bin" / name
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def rehearse(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(checkout.parent / "bin"), "HOME": str(checkout.parent)}
    return subprocess.run(
        [str(checkout / "rehearse"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )


# What stands in for Python and uv: it tells its version and its own folder, makes an "environment" of itself, and notes
# what it was asked to do, and which packages it was given by a pipe. Its pip is a wheel in that folder, if at all.
PYTHON = """
case "$*" in
  *WHEEL_PKG_DIR*) echo "${LOG%/log}/python"; exit 0 ;;
  *version_info*|*"import ensurepip"*) exit 0 ;;
  "-m ensurepip"*) : >"${0%/*}/pip"; /bin/chmod +x "${0%/*}/pip" ;;
  "-m venv"*) folder="${@: -1}"; /bin/mkdir -p "$folder/bin"
    for name in python uv; do /bin/cp "$0" "$folder/bin/$name"; done ;;
  *" install "*) [[ ! -e ${LOG%log}fail ]] || exit 1
    [[ $0 != */uv || ! -e ${LOG%log}fail-uv ]] || exit 1 ;;
esac
[[ ${@: -1} != /dev/fd/* ]] || printf '%s\\n' "$(<"${@: -1}")" >>"$LOG"
printf '%s\\n' "$*" >>"$LOG"
"""


WHEEL = "python/pip-9-py3-none-any.whl"


def recorded(checkout: Path, *arguments: str, wheel: bool = True) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    log = checkout.parent / "log"
    log.unlink(missing_ok=True)
    (checkout.parent / WHEEL).parent.mkdir(parents=True, exist_ok=True)
    if wheel:
        (checkout.parent / WHEEL).touch()
    program(checkout, "python3", f"LOG={log}\n{PYTHON}")
    done = rehearse(checkout, *arguments)
    return done, log.read_text().splitlines() if log.exists() else []


def test_no_python_is_said_with_what_to_install(checkout: Path) -> None:
    done = rehearse(checkout, "up")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_an_old_python_is_passed_over(checkout: Path) -> None:
    program(checkout, "python3", "exit 1")
    assert "Python 3.11 or newer is needed" in rehearse(checkout).stderr


def test_a_python_without_its_venv_module_is_said_to_lack_it(checkout: Path) -> None:
    program(checkout, "python3", 'case "$*" in *ensurepip*) exit 1 ;; esac')
    done = rehearse(checkout)
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (checkout / ".venv" / ".requirements.lock").exists()


def test_the_first_start_installs_the_lock_and_the_second_only_starts(checkout: Path) -> None:
    done, first = recorded(checkout, "status", "--json")
    assert done.returncode == 0, done.stderr
    assert any(f"--require-hashes --requirement {checkout}/requirements.lock" in line for line in first)
    assert any(f"--no-deps --no-build-isolation --editable {checkout}" in line for line in first)
    assert first[-1] == "-m rehearsal.cli status --json"
    done, second = recorded(checkout, "env")
    assert (done.stderr, second) == ("", ["-m rehearsal.cli env"])


def test_uv_is_installed_as_the_lock_pins_it(checkout: Path) -> None:
    _, lines = recorded(checkout, "env")
    wheel = f"{checkout.parent / WHEEL}/pip "
    pip = next(number for number, line in enumerate(lines) if line.startswith(wheel))
    assert "\n".join(lines[pip - 3 : pip]) == UV
    assert "--require-hashes" in lines[pip]


def test_a_python_that_keeps_no_wheel_of_pip_installs_it_first(checkout: Path) -> None:
    done, lines = recorded(checkout, "env", wheel=False)
    assert done.returncode == 0, done.stderr
    ensured = lines.index("-m ensurepip --default-pip")
    assert any(line.startswith(f"{checkout}/.venv/bin/pip ") for line in lines[ensured:])


def test_the_pip_of_an_environment_that_is_there_is_used(checkout: Path) -> None:
    recorded(checkout, "env")
    pip = checkout / ".venv" / "bin" / "pip"
    pip.touch(0o755)
    (checkout / "requirements.lock").write_text(f"{LOCK}two==2\n")
    _, again = recorded(checkout, "env")
    assert any(line.startswith(f"{pip} ") for line in again)


def test_pip_installs_the_lock_where_uv_cannot(checkout: Path) -> None:
    (checkout.parent / "fail-uv").touch()
    done, lines = recorded(checkout, "env")
    assert done.returncode == 0, done.stderr
    by_pip = [line for line in lines if line.startswith(f"{checkout.parent / WHEEL}/pip ")]
    assert any(line.endswith(f"--requirement {checkout}/requirements.lock") for line in by_pip)
    assert any(line.endswith(f"--editable {checkout}") for line in by_pip)


def test_a_changed_lock_installs_again(checkout: Path) -> None:
    recorded(checkout, "env")
    (checkout / "requirements.lock").write_text("one==2\n")
    _, again = recorded(checkout, "env")
    assert any("--require-hashes" in line for line in again)


def test_an_installation_that_fails_is_done_again_the_next_time(checkout: Path) -> None:
    (checkout.parent / "fail").touch()
    done, _ = recorded(checkout, "env")
    assert done.returncode == 1
    assert "Installing the packages failed" in done.stderr
    assert not (checkout / ".venv" / ".requirements.lock").exists()
    (checkout.parent / "fail").unlink()
    done, lines = recorded(checkout, "env")
    assert done.returncode == 0
    assert lines[-1] == "-m rehearsal.cli env"


def test_it_can_be_started_through_a_link_from_anywhere(checkout: Path) -> None:
    recorded(checkout, "env")
    (checkout.parent / "bin" / "rehearse").symlink_to(checkout / "rehearse")
    done = subprocess.run(
        ["rehearse", "env"], capture_output=True, text=True, check=False, cwd="/",
        env={"PATH": str(checkout.parent / "bin"), "LOG": str(checkout.parent / "log")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
