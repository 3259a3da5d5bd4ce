"""The endpoint's state after a restart, a kill, and with a file that cannot be read."""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.cloud.cloudformation.stack import Resource, Stack
from rehearsal.cloud.moto_door import MotoDoor
from rehearsal.cloud.state import StateKeeper, _Pickler, _Unpickler, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rehearsal.cloud.endpoint import Endpoint

ACCOUNT, REGION = "111122223333", "us-east-1"


class KeptCloud(Cloud):
    """A cloud that keeps its state in a file."""

    path: Path

    def _compose(self) -> Endpoint:
        endpoint = super()._compose()
        self.keeper = StateKeeper(self.door, self.path, {"cloud": self, "settings": self.settings})
        self.restored = self.keeper.restore()
        return endpoint


@pytest.fixture(scope="module")
def session() -> Any:
    return boto3.session.Session(region_name=REGION)


class Runner:
    def __init__(self, path: Path, session: Any) -> None:
        self.path = path
        self.session = session

    def cloud(self) -> KeptCloud:
        settings = CloudSettings(account_id=ACCOUNT, region=REGION, listen=(("127.0.0.1", 0),), instant_hosts=True)
        made = KeptCloud(settings)
        made.path = self.path
        return made

    def client(self, cloud: Cloud, service: str) -> Any:
        return self.session.client(
            service,
            endpoint_url=cloud.url,
            aws_access_key_id="AKIAADMINISTRATOR000",
            aws_secret_access_key="x",
            config=Config(s3={"addressing_style": "path"}),
        )


@pytest.fixture
def runner(tmp_path: Path, session: Any) -> Runner:
    return Runner(tmp_path / "cloud.state", session)


@contextmanager
def running(cloud: KeptCloud) -> Iterator[KeptCloud]:
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.stop()


def test_what_was_made_is_there_after_a_restart(runner: Runner) -> None:
    with running(runner.cloud()) as before:
        ec2 = runner.client(before, "ec2")
        instance = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1)["Instances"][0]
        runner.client(before, "s3").create_bucket(Bucket="bucket")
        runner.client(before, "s3").put_object(Bucket="bucket", Key="k", Body=b"hello")
        runner.client(before, "ssm").put_parameter(Name="/p", Type="SecureString", Value="v")
        runner.client(before, "secretsmanager").create_secret(Name="s", SecretString="x")
        key = runner.client(before, "kms").create_key()["KeyMetadata"]["KeyId"]
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        runner.client(before, "iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)
        assert not before.restored
        before.keeper.save()
        runner.client(before, "ssm").put_parameter(Name="/late", Type="String", Value="lost by a kill")
    with running(runner.cloud()) as after:
        assert after.restored
        (host,) = after.inventory.snapshot().hosts
        assert (host.instance_id, host.state) == (instance["InstanceId"], "running")
        assert host.private_ip == instance["PrivateIpAddress"]
        assert runner.client(after, "s3").get_object(Bucket="bucket", Key="k")["Body"].read() == b"hello"
        ssm = runner.client(after, "ssm")
        assert ssm.get_parameters(Names=["/p", "/late"], WithDecryption=True)["InvalidParameters"] == ["/late"]
        assert runner.client(after, "secretsmanager").get_secret_value(SecretId="s")["SecretString"] == "x"
        assert runner.client(after, "kms").describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
        assert runner.client(after, "iam").get_role(RoleName="r")["Role"]["RoleName"] == "r"
        runner.client(after, "ec2").terminate_instances(InstanceIds=[host.instance_id])
        assert after.inventory.snapshot().hosts[0].state == "terminated"


@pytest.mark.parametrize("damage", [b"", b"not a state\n", json.dumps({"format": 0}).encode() + b"\n", None])
def test_a_file_that_cannot_be_read_is_set_aside(
    runner: Runner, damage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    if damage is None:  # as after a disk that was full: the header is whole, a part is not
        damage = json.dumps({**stamp(), "parts": {"backend ec2 us-east-1": 1000}}).encode() + b"\nshort"
    runner.path.write_bytes(damage)
    with caplog.at_level(logging.WARNING), running(runner.cloud()) as cloud:
        assert not cloud.restored
        assert cloud.inventory.snapshot().hosts == ()
    assert "it starts afresh" in caplog.text
    assert runner.path.with_suffix(".unreadable").read_bytes() == damage
    assert not runner.path.exists()


def test_changes_are_saved_in_the_background_and_at_the_end(runner: Runner) -> None:
    with running(runner.cloud()) as cloud:
        cloud.keeper.start()
        runner.client(cloud, "ssm").put_parameter(Name="/p", Type="String", Value="v")
        cloud.keeper.changed()
        for _ in range(3000):
            if runner.path.exists():
                break
            threading.Event().wait(0.01)
        assert runner.path.stat().st_mode & 0o077 == 0
        runner.client(cloud, "ssm").put_parameter(Name="/q", Type="String", Value="w")
        cloud.keeper.close()
    with running(runner.cloud()) as after:
        found = runner.client(after, "ssm").get_parameters(Names=["/p", "/q"])["Parameters"]
        assert {each["Name"]: each["Value"] for each in found} == {"/p": "v", "/q": "w"}


def test_a_stack_operation_that_was_cut_off_is_told_as_failed(runner: Runner) -> None:
    with running(runner.cloud()) as cloud:
        backend = cloud.door.backend("cloudformation", REGION)
        stack = Stack("arn:stack", "cut", ACCOUNT, REGION, "REVIEW_IN_PROGRESS")
        stack.set_status("CREATE_IN_PROGRESS")
        stack.resources["Host"] = Resource("Host", "AWS::EC2::Instance", "CREATE_IN_PROGRESS")
        backend.stacks[stack.stack_id] = stack
        cloud.keeper.save()
    with running(runner.cloud()) as after:
        (found,) = runner.client(after, "cloudformation").describe_stacks(StackName="cut")["Stacks"]
        assert found["StackStatus"] == "CREATE_FAILED"
        assert found["StackStatusReason"] == "The endpoint ended while the operation ran."
        runner.client(after, "cloudformation").delete_stack(StackName="cut")


def test_nothing_of_a_stopped_cloud_goes_on_loading(runner: Runner) -> None:
    """What it would load then, it would put into the registries of the next cloud of this process."""
    with running(runner.cloud()):
        pass
    assert "warm-up" not in {thread.name for thread in threading.enumerate()}


def test_to_settle_is_to_wait_for_the_save_that_is_under_way(tmp_path: Path) -> None:
    door, note = MotoDoor(ACCOUNT), SlowNote()
    keeper = StateKeeper(door, tmp_path / "state", {}, {"slow": note})
    keeper.changed(stacks=True)
    saving = threading.Thread(target=keeper.save)
    saving.start()
    note.begun.wait(30)
    settling = threading.Thread(target=keeper.settle)
    settling.start()
    note.may_end.set()
    settling.join(30)
    assert (tmp_path / "state").exists()
    saving.join(30)


class SlowNote:
    """Takes as long as it is told to be saved."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()

    def __getstate__(self) -> dict[str, Any]:
        self.begun.set()
        self.may_end.wait(30)
        return {}


class Special(defaultdict[str, Any]):
    """A dictionary whose constructor wants more than pickle gives it."""

    def __init__(self, name: str) -> None:
        super().__init__(list)
        self.name = name


def test_what_pickle_cannot_take_is_rebuilt() -> None:
    factor = 3
    living = object()
    special = Special("n")
    special["a"].append(1)
    event = threading.Event()
    event.set()
    given = {
        "lock": threading.Lock(),
        "rlock": threading.RLock(),
        "event": event,
        "function": lambda x: x * factor,
        "special": special,
        "living": living,
    }
    data = _Pickler.dump_state(given, {id(living): ("living", "it")})
    back = _Unpickler(data, lambda reference: (living, reference)).load()
    assert back["lock"].acquire(blocking=False)
    with back["rlock"]:
        assert back["event"].is_set()
    assert back["function"](2) == 6
    assert (back["special"].name, back["special"]["a"], back["special"]["b"]) == ("n", [1], [])
    assert back["living"] == (living, ("living", "it"))
