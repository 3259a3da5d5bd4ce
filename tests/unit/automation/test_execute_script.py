"""Scripts run in processes of their own (reference §3.13)."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.automation.scripts import pool as pools

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Harness

ROLE = "arn:aws:iam::123456789012:role/Operator"


def step(script: str | None, **inputs: Any) -> dict[str, Any]:
    """A Python step whose function is `h` unless said otherwise."""
    keys = {"timeoutSeconds": inputs.pop("timeoutSeconds")} if "timeoutSeconds" in inputs else {}
    given = {"Runtime": "python3.11", "Handler": "h"} | ({"Script": script} if script else {}) | inputs
    return {"name": "run", "action": "aws:executeScript", "inputs": given, **keys}


def payload(execution: dict[str, Any]) -> Any:
    """What the script returned."""
    shown = execution["StepExecutions"][0]
    assert execution["AutomationExecutionStatus"] == "Success", execution["FailureMessage"]
    return json.loads(shown["Outputs"]["OutputPayload"][0])["Payload"]


@pytest.fixture
def automation(shared_automation: Harness) -> Harness:
    return shared_automation


ENVIRONMENT = "import os\ndef h(e, c):\n    return {k: v for k, v in os.environ.items() if k.startswith('AWS_')}"


def test_without_a_role_there_are_no_credentials(automation: Harness) -> None:
    found = payload(automation.run([step(ENVIRONMENT)]))
    assert found == {"AWS_REGION": "eu-central-1", "AWS_EC2_METADATA_DISABLED": "true"}


def test_with_a_role_the_credentials_are_in_the_environment(automation: Harness) -> None:
    automation.aws.roles[ROLE] = ROLE
    found = payload(automation.run([step(ENVIRONMENT)], assumeRole=ROLE))
    assert found["AWS_ACCESS_KEY_ID"] == f"AKIA-{ROLE}"


def test_scripts_do_not_see_each_other(automation: Harness) -> None:
    leave = (
        "import os, json\ndef h(e, c):\n    json.left = 1\n    os.environ['LEFT'] = '1'\n    open('left', 'w').close()"
    )
    look = (
        "import os, json\ndef h(e, c):\n"
        "    return [hasattr(json, 'left'), 'LEFT' in os.environ, os.path.exists('left')]"
    )
    automation.run([step(leave)])
    assert payload(automation.run([step(look)])) == [False, False, False]


def test_the_folder_of_a_script_is_removed(automation: Harness) -> None:
    folder = payload(automation.run([step("import os\ndef h(e, c):\n    return os.getcwd()")]))
    assert not os.path.exists(folder)  # noqa: PTH110 - it is text from the script


def test_a_timeout_ends_the_script_and_what_it_started(automation: Harness, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = (
        "import os, subprocess, time\n"
        "def h(e, c):\n"
        "    child = subprocess.Popen(['sleep', '60'])\n"
        "    open(e['pids'], 'w').write(f'{os.getpid()} {child.pid}')\n"
        "    time.sleep(60)"
    )
    execution = automation.run([step(script, InputPayload={"pids": str(pids)}, timeoutSeconds=2)])
    assert execution["AutomationExecutionStatus"] == "TimedOut"
    for pid in pids.read_text().split():
        assert gone(int(pid)), f"process {pid} still runs"


def gone(pid: int) -> bool:
    """Whether a process ends within a moment (a zombie has ended)."""
    for _ in range(100):
        try:
            with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - procfs
                if stat.read().rpartition(")")[2].split()[0] == "Z":
                    return True
        except (FileNotFoundError, ProcessLookupError):  # the second when it ends between opening and reading
            return True
        time.sleep(0.02)
    return False


def test_cancelling_ends_the_script(automation: Harness, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = "import os, time\ndef h(e, c):\n    open(e['pids'], 'w').write(str(os.getpid()))\n    time.sleep(60)"
    execution_id = automation.start([step(script, InputPayload={"pids": str(pids)})])
    while not pids.exists() or not pids.read_text():
        time.sleep(0.01)
    automation.engine.stop(execution_id, "Cancel")
    assert automation.wait(execution_id)["AutomationExecutionStatus"] == "Cancelled"
    assert gone(int(pids.read_text()))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("def h(e, c):\n    return object()", "TypeError - Object of type object is not JSON serializable"),
        ("def h(e, c):\n    raise SystemExit(3)", "SystemExit - 3"),
        ("def h(e, c) return", "SyntaxError - "),
        ("x = 1", "AttributeError - "),
        ("def h(e):\n    return 1", "TypeError - "),
        ("import os\ndef h(e, c):\n    os._exit(1)", "ended without a result"),
        ("def h(e, c):\n    return bytearray(2 * 1024 ** 3)", "MemoryError - "),
    ],
)
def test_what_goes_wrong_in_a_script_fails_the_step(automation: Harness, script: str, message: str) -> None:
    execution = automation.run([step(script)])
    assert execution["AutomationExecutionStatus"] == "Failed"
    assert message in execution["FailureMessage"]


def test_a_python_file_is_an_attachment(automation: Harness) -> None:
    files = {"tool.py": b"def main(events, context):\n    return events['n'] + 1"}
    run = step(None, Attachment="tool.py", Handler="tool.main", InputPayload={"n": 1})
    assert payload(automation.run([run], attachments=files)) == 2


def test_a_zip_is_an_attachment(automation: Harness) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("tool.py", "from parts.one import value\ndef main(events, context):\n    return value")
        archive.writestr("parts/__init__.py", "")
        archive.writestr("parts/one.py", "value = 'zipped'")
    run = step(None, Attachment="tool.zip", Handler="tool.main")
    assert payload(automation.run([run], attachments={"tool.zip": packed.getvalue()})) == "zipped"


def test_a_zip_that_leaves_its_folder_is_refused(automation: Harness) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../tool.py", "")
    run = step(None, Attachment="tool.zip", Handler="tool.main")
    execution = automation.run([run], attachments={"tool.zip": packed.getvalue()})
    assert "leaves its folder" in execution["FailureMessage"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"Runtime": "python3.8"}, "python3.8 is not supported"),
        ({"Runtime": "ruby3.3"}, "ruby3.3 is none of"),
        ({"Handler": ""}, "Handler of aws:executeScript is required"),
        ({"Script": ""}, "needs a Script or an Attachment"),
        ({"Attachment": "absent.py"}, "absent.py is not an attachment"),
        ({"Runtime": "PowerShell 7.4"}, "Handler of aws:executeScript is not supported for PowerShell"),
    ],
)
def test_inputs_that_do_not_fit(automation: Harness, inputs: dict[str, str], message: str) -> None:
    execution = automation.run([step("def h(e, c):\n    return 1", **inputs)])
    assert message in execution["FailureMessage"]


def powershell(script: str) -> dict[str, Any]:
    inputs = {"Runtime": "PowerShell 7.4", "Script": script, "InputPayload": {"n": 1}}
    return {"name": "run", "action": "aws:executeScript", "inputs": inputs}


def test_powershell_that_is_not_installed_says_so(automation: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "PowerShell is not installed" in automation.run([powershell("1")])["FailureMessage"]


def test_an_interpreter_that_died_is_replaced(automation: Harness) -> None:
    one = step("def h(e, c):\n    return 1")
    automation.run([one])
    kill = step("import os, signal\ndef h(e, c):\n    os.kill(os.getppid(), signal.SIGKILL)\n    signal.pause()")
    automation.run([kill])
    assert payload(automation.run([one])) == 1


KILL_THE_NEXT = """
import os, pathlib, signal, time

def waiting():
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # It becomes a session of its own just before it says that it is ready.
        if int(rest[1]) == os.getppid() and pid != os.getpid() and os.getsid(pid) == pid:
            return pid

def h(e, c):
    while not (pid := waiting()):
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
"""


def test_a_process_that_died_while_it_waited_for_a_script_is_replaced() -> None:
    pool = pools.ScriptPool()
    try:
        for script in (KILL_THE_NEXT, "def h(e, c):\n    return 1"):
            with pool.start(pools.ScriptJob("python3.11", "h", {}, {}, script)) as running:
                result = running.result()
    finally:
        pool.close()
    assert result == pools.ScriptResult("1", None, "")


def test_runtimes_that_are_not_installed_use_the_engines_own_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert pools.python_for("python3.12") == pools.sys.executable


def test_output_goes_to_cloudwatch_when_the_account_says_so(make_harness: Any) -> None:
    settings = {"/ssm/automation/customer-script-log-destination": "CloudWatch"}
    automation = make_harness(service_setting=settings.get)
    automation.aws.roles[ROLE] = ROLE
    for operation in ("CreateLogGroup", "CreateLogStream", "PutLogEvents"):
        automation.aws.on(operation, {})
    automation.run([step("def h(e, c):\n    print('said')")], assumeRole=ROLE)
    (put,) = automation.aws.named("PutLogEvents")
    assert put["logGroupName"] == "/aws/ssm/automation/executeScript"
    assert [event["message"] for event in put["logEvents"]] == ["said"]
