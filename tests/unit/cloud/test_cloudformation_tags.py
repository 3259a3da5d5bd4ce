"""When a resource of EC2 is tagged again: an update must not need a right that what it changes does not need."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest

from rehearsal.cloud.cloudformation.api_type import Ec2Type
from rehearsal.cloud.cloudformation.resource_type import Made

TAGS = [{"Key": "Role", "Value": "web"}]


class Thing(Ec2Type):
    type_name = "AWS::EC2::Thing"


@pytest.mark.parametrize(
    ("old", "new", "calls"),
    [
        ({"Tags": TAGS, "Size": 1}, {"Tags": TAGS, "Size": 2}, []),
        ({"Tags": TAGS}, {"Tags": TAGS}, ["create_tags"]),  # a tag of the stack changed
        ({"Tags": []}, {"Tags": TAGS}, ["create_tags"]),
        ({"Tags": TAGS}, {}, ["delete_tags", "create_tags"]),
    ],
)
def test_tags_are_set_again_only_where_some_changed(old: dict[str, Any], new: dict[str, Any], calls: list[str]) -> None:
    context = MagicMock()
    Thing().update(context, Made("thing-1", {}), old, new)
    made = [name for name, _, _ in context.client.return_value.method_calls]
    assert made == calls
