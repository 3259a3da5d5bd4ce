"""aws:runShellScript, statement by statement of what the genuine agent was seen to do."""

from __future__ import annotations

import os
import select
import shutil
import stat
import subprocess
import threading
from typing import Any

import pytest

from rehearsal.agent.plugins import script as script_plugin
from rehearsal.agent.process import run_process


def plain_sh_exit_code(text: str) -> int:
    return subprocess.run(["sh", "-c", text], capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["#!/bin/bash", 'echo "${BASH_VERSION:+bash}"'], "bash\n"),
        (["#!/usr/bin/env python3", "import sys", "print(sys.version_info.major)"], "3\n"),
    ],
)
def test_a_first_line_names_the_interpreter(executor: Any, lines: list[str], expected: str) -> None:
    assert executor.script(*lines).stdout == expected


@pytest.mark.parametrize("lines", [["set -o pipefail"], ["# a comment first", "#!/bin/bash", "set -o pipefail"]])
def test_without_a_first_line_the_hosts_sh_runs_it(executor: Any, lines: list[str]) -> None:
    """On Debian and Ubuntu that is dash, which ends with 2 here; on Amazon Linux bash."""
    assert executor.script(*lines).code == plain_sh_exit_code("set -o pipefail")


def test_the_lines_are_joined_into_one_private_file(executor: Any) -> None:
    executor.script("echo a", "echo b")
    path = executor.orchestration / "one" / "_script.sh"
    assert path.read_text() == "echo a\necho b\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_step_name_with_a_space_makes_sh_fail(executor: Any, shell_document: Any) -> None:
    result = executor.steps(shell_document({"runCommand": ["echo x"]}, names=("two words",)))[0]
    assert (result.status, result.code) == ("Failed", 127)


def test_a_colon_in_a_step_name_is_taken_out_of_paths(executor: Any, shell_document: Any) -> None:
    result = executor.steps(shell_document({"runCommand": ["echo x"]}, names=("a:b",)))[0]
    assert (result.name, result.status) == ("a:b", "Success")
    assert (executor.orchestration / "ab" / "_script.sh").is_file()
    assert (executor.orchestration / "awsrunShellScript" / "ab" / "stdout").read_text() == "x\n"


def test_a_step_name_never_leads_out_of_the_orchestration_folder(executor: Any, shell_document: Any) -> None:
    executor.steps(shell_document({"runCommand": ["echo x"]}, names=("../../escaped",)))
    assert not (executor.orchestration.parent.parent / "escaped").exists()
    assert (executor.orchestration / "....escaped" / "_script.sh").is_file()


def test_there_is_no_implicit_exit_on_error(executor: Any) -> None:
    result = executor.script("false", "echo went on")
    assert (result.status, result.code, result.stdout) == ("Success", 0, "went on\n")


def test_standard_input_is_empty_and_there_is_no_terminal(executor: Any) -> None:
    result = executor.script("cat | wc -c", "tty || true", "readlink /proc/self/fd/0")
    assert result.stdout.split("\n")[0].strip() == "0"
    assert "/dev/null" in result.stdout


def test_the_script_leads_its_own_process_group(executor: Any) -> None:
    script = ["#!/usr/bin/env python3", "import os", "print(os.getpgid(0), os.getppid(), os.getpid())"]
    group, shell, own = executor.script(*script).stdout.split()
    assert group in {shell, own}  # `sh -c` replaces itself by the script in some shells
    assert int(group) != os.getpgrp()


def test_a_missing_absolute_working_directory_fails_the_step(executor: Any, tmp_path: Any) -> None:
    result = executor.script("echo x", workingDirectory=str(tmp_path / "absent"))
    assert (result.status, result.code, result.stdout) == ("Failed", 1, "")
    assert result.stderr == f"failed to run commands: fork/exec {shutil.which('sh')}: no such file or directory"


def test_an_absolute_working_directory_is_used(executor: Any, tmp_path: Any) -> None:
    assert executor.script("pwd", workingDirectory=str(tmp_path)).stdout == f"{tmp_path}\n"


@pytest.mark.parametrize("folder", ["", "not/there"])
def test_without_a_usable_working_directory_it_is_the_agents(executor: Any, folder: str) -> None:
    assert executor.script("pwd", workingDirectory=folder).stdout == f"{os.getcwd()}\n"  # noqa: PTH109 - as pwd


def test_a_relative_working_directory_is_below_the_downloads(executor: Any) -> None:
    (executor.orchestration / "downloads" / "kit").mkdir(parents=True)
    assert executor.script("pwd", workingDirectory="kit").stdout.endswith("/orchestration/downloads/kit\n")


def test_a_failed_relative_download_leaves_its_folder_for_later_steps(executor: Any, shell_document: Any) -> None:
    document = shell_document({"runCommand": ["pwd"], "workingDirectory": "kit"})
    inputs = {
        "sourceType": "HTTP", "sourceInfo": {"url": "http://127.0.0.1:1/x"}, "destinationPath": "kit/"
    }  # fmt: skip
    download = {"action": "aws:downloadContent", "name": "get", "inputs": inputs}
    document["mainSteps"].insert(0, download)
    first, second = executor.steps(document)
    assert first.status == "Failed"
    assert second.stdout.endswith("/downloads/kit\n")


def test_what_a_script_finds_in_its_environment(executor: Any) -> None:
    result = executor.script("env", environment={"FROM_STEP": "1", "AWS_SSM_REGION_NAME": "overridden"})
    found = dict(line.split("=", 1) for line in result.stdout.splitlines())
    assert found["FROM_AGENT"] == "yes"
    assert found["FROM_STEP"] == "1"
    assert found["SSM_COMMAND_ID"] == executor.run_context.command_id
    assert found["AWS_SSM_INSTANCE_ID"] == executor.run_context.instance_id
    assert found["AWS_SSM_REGION_NAME"] == "eu-west-1"
    assert {"AWS_SSM_PLATFORM_NAME", "AWS_SSM_PLATFORM_VERSION"} <= set(found)
    assert "HOME" not in found


def test_home_is_not_set_so_that_set_u_breaks_on_it(executor: Any) -> None:
    result = executor.script("#!/bin/bash", "set -u", 'echo "$HOME"')
    assert (result.status, result.code) == ("Failed", 1)
    assert "HOME: unbound variable" in result.stderr


def test_the_agents_own_module_path_does_not_reach_scripts(executor: Any, shell_document: Any) -> None:
    root = str(script_plugin._PACKAGE_ROOT)
    for name, given, seen in (("one", root, "unset\n"), ("two", f"{root}:/opt/x", "/opt/x\n")):
        document = shell_document({"runCommand": ['echo "${PYTHONPATH-unset}"']}, names=(name,))
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": given}
        assert executor.steps(document, environment=environment)[0].stdout == seen


@pytest.mark.parametrize("name", ["runCommand", "RunCommand", "RUNCOMMAND"])
def test_input_names_ignore_case(executor: Any, shell_document: Any, name: str) -> None:
    assert executor.steps(shell_document({name: ["echo x"]}))[0].stdout == "x\n"


@pytest.mark.parametrize("inputs", [{"commands": ["echo x"]}, {}, None, {"runCommand": []}, {"runCommand": None}])
def test_no_run_command_is_an_empty_script_that_succeeds(executor: Any, shell_document: Any, inputs: Any) -> None:
    result = executor.steps(shell_document(inputs))[0]
    assert (result.status, result.stdout) == ("Success", "")


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("echo x", "cannot unmarshal string into Go struct field RunScriptPluginInput.runCommand of type []string"),
        ([True], "cannot unmarshal bool into Go struct field RunScriptPluginInput.runCommand of type string"),
        ([1], "cannot unmarshal number into Go struct field RunScriptPluginInput.runCommand of type string"),
        ([["a"]], "cannot unmarshal array into Go struct field RunScriptPluginInput.runCommand of type string"),
    ],
)
def test_a_run_command_of_another_type_fails_the_step(
    executor: Any, shell_document: Any, value: Any, error: str
) -> None:
    result = executor.steps(shell_document({"runCommand": value}))[0]
    assert (result.status, result.code) == ("Failed", 1)
    assert error in result.stderr


def test_inputs_may_be_a_list_of_sets(executor: Any, shell_document: Any) -> None:
    sets = [{"id": "a", "runCommand": ["echo 1"]}, {"id": "b", "runCommand": ["echo 2; exit 3"]}]
    result = executor.steps(shell_document(sets))[0]
    assert (result.stdout, result.code, result.status) == ("1\n2\n", 3, "Failed")
    assert (executor.orchestration / "one" / "b" / "_script.sh").is_file()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 3600), ("60", 60), (60, 60), (60.7, 60), ("60.7", 60), (5, 5), (172800, 172800), ("172800", 172800),
        (2, 3600), ("2", 3600), (172801, 3600), (-1, 3600), ("soon", 3600), ("", 3600), (True, 3600), ([5], 3600),
        ("$SSM_x", 3600), ("inf", 3600), ("nan", 3600),
    ],
)  # fmt: skip
def test_a_timeout_out_of_range_or_not_a_number_is_an_hour(value: Any, seconds: int) -> None:
    assert script_plugin._timeout_seconds({"timeoutSeconds": value}) == seconds


def test_at_the_timeout_the_group_is_killed(executor: Any, monkeypatch: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(script_plugin, "_timeout_seconds", lambda _: 0.5)
    result = executor.script(f"sleep 600 & echo $! > {tmp_path}/child", "echo before", "wait", "echo after")
    assert (result.status, result.code) == ("TimedOut", 137)
    assert result.stdout == "before\n"
    assert result.stderr == ""
    wait_until_gone(int((tmp_path / "child").read_text()))


def wait_until_gone(pid: int) -> None:
    """Until the process has ended; a signal that was sent takes its moment."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 20)[0], f"process {pid} still runs"
    finally:
        os.close(descriptor)


def test_a_timed_out_step_does_not_stop_the_document(executor: Any, shell_document: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(script_plugin, "_timeout_seconds", lambda _: 0.5)
    document = shell_document({"runCommand": ["sleep 600"], "onFailure": "exit"}, {"runCommand": ["echo next"]})
    first, second = executor.steps(document)
    assert (first.status, second.status, second.stdout) == ("TimedOut", "Success", "next\n")


def test_a_child_that_holds_the_output_keeps_the_step_open(executor: Any) -> None:
    assert executor.script("(sleep 0.3; echo late) &", "echo early").stdout == "early\nlate\n"


def test_a_child_with_its_output_elsewhere_does_not(executor: Any, tmp_path: Any) -> None:
    os.mkfifo(tmp_path / "wait")
    result = executor.script(f"(read line < {tmp_path}/wait) > /dev/null 2>&1 &", "echo done")
    assert (result.status, result.stdout) == ("Success", "done\n")
    with open(tmp_path / "wait", "w", encoding="ascii") as fifo:  # noqa: PTH123 - lets the child go
        fifo.write("\n")


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        ("exit 0", "Success", 0), ("exit 194", "SuccessAndReboot", 194), ("exit 137", "TimedOut", 137),
        ("kill -9 $$", "TimedOut", 137), ("exit 168", "Success", 168), ("exit 169", "Failed", 169),
        ("exit 1", "Failed", 1), ("exit 255", "Failed", 255),
    ],
)  # fmt: skip
def test_what_exit_codes_mean(executor: Any, script: str, status: str, code: int) -> None:
    result = executor.script(script)
    assert (result.status, result.code) == (status, code)


def test_a_failing_script_has_its_exit_status_appended(executor: Any) -> None:
    assert executor.script("echo oops >&2; exit 4").stderr == "oops\nfailed to run commands: exit status 4"


def test_output_files_hold_everything_and_replies_24000_bytes(executor: Any) -> None:
    result = executor.script("#!/bin/bash", "printf 'o%.0s' {1..30000}; printf 'e%.0s' {1..30000} >&2")
    folder = executor.orchestration / "awsrunShellScript" / "one"
    assert (folder / "stdout").stat().st_size == (folder / "stderr").stat().st_size == 30_000
    assert {path.name for path in folder.iterdir()} == {"stdout", "stderr", "stdoutConsole", "stderrConsole"}
    for text, letter in ((result.stdout, "o"), (result.stderr, "e")):
        assert text == letter * 23_980 + "--output truncated--"
    assert len(result.output) <= 2_500


def test_output_that_is_not_utf8_is_replaced(executor: Any) -> None:
    assert executor.script(r"printf 'a\377b'").stdout == "a�b"


def test_cancelling_kills_the_group_and_skips_nothing_silently(
    executor: Any, shell_document: Any, tmp_path: Any
) -> None:
    os.mkfifo(tmp_path / "ready")

    def cancel_when_ready() -> None:
        (tmp_path / "ready").read_text()
        executor.cancellation.cancel()

    threading.Thread(target=cancel_when_ready).start()
    script = [f"sleep 600 & echo $! > {tmp_path}/child", f"echo > {tmp_path}/ready", "wait"]
    first, second = executor.steps(shell_document({"runCommand": script}, {"runCommand": ["echo no"]}))
    assert (first.status, first.code) == ("Cancelled", 137)
    assert (second.status, second.code, second.stdout) == ("Cancelled", 1, "")
    wait_until_gone(int((tmp_path / "child").read_text()))


def test_powershell_without_pwsh_is_failed_not_skipped(executor: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("PATH", "/usr/bin/absent")
    step = {"action": "aws:runPowerShellScript", "name": "one", "inputs": {"runCommand": ["Get-Date"]}}
    result = executor.steps({"schemaVersion": "2.2", "mainSteps": [step]})[0]
    assert (result.status, result.code) == ("Failed", 1)
    assert result.stderr == 'failed to run commands: exec: "pwsh": executable file not found in $PATH'


def test_a_program_that_is_terminated_by_another_signal_has_no_exit_code(executor: Any) -> None:
    chunks: list[bytes] = []
    ended = run_process(
        ["python3", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"],
        folder=None,
        environment={"PATH": os.environ["PATH"]},
        stdout=chunks.append,
        stderr=chunks.append,
        timeout_seconds=60,
        cancellation=executor.cancellation,
    )
    assert (ended.code, ended.error) == (-1, "signal: terminated")
