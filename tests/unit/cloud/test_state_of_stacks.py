"""What describe-stacks has said is there after a kill that follows at once."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import boto3

from rehearsal.cloud import Cloud, CloudSettings

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})


def _cloud(folder: Path) -> Cloud:
    settings = CloudSettings(region="us-east-1", listen=(("127.0.0.1", 0),), state_folder=folder, instant_hosts=True)
    return Cloud(settings)


def _stacks(cloud: Cloud) -> Any:
    session = boto3.session.Session("made-up", "unchecked", region_name="us-east-1")
    return session.client("cloudformation", endpoint_url=cloud.url)


def _status(client: Any) -> str:
    return str(client.describe_stacks(StackName="one")["Stacks"][0]["StackStatus"])


def test_a_stack_that_was_said_to_be_done_is_done_after_a_kill(tmp_path: Path) -> None:
    kept, copied = tmp_path / "kept", tmp_path / "copied"
    kept.mkdir()
    first = _cloud(kept)
    first.start()
    try:
        client = _stacks(first)
        client.create_stack(StackName="one", TemplateBody=TEMPLATE)
        deadline = time.monotonic() + 60
        while _status(client).endswith("IN_PROGRESS") and time.monotonic() < deadline:
            time.sleep(0.01)
        shutil.copytree(kept, copied)  # what a process that is killed now leaves behind
        assert _status(client) == "CREATE_COMPLETE"
    finally:
        first.stop()
    second = _cloud(copied)
    second.start()
    try:
        assert _status(_stacks(second)) == "CREATE_COMPLETE"
    finally:
        second.stop()
