"""The SSM operations that only agents call, and that no SDK model describes (reference, command documents §4)."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from rehearsal.cloud.ssm.exceptions import validation_error
from rehearsal.cloud.ssm.request import SsmRequest

MAX_TEXT = 1024
_NODE_ID = re.compile(r"Credential=(mi-[0-9a-f]{17})/")
_NODE_TEXTS = (
    "AgentName",
    "AgentVersion",
    "AgentStatus",
    "PlatformType",
    "PlatformName",
    "PlatformVersion",
    "IPAddress",
    "ComputerName",
    "SSMConnectionChannel",
    "AvailabilityZone",
    "AvailabilityZoneId",
)

Answer = tuple[int, dict[str, str], str]


class AgentResponses(SsmRequest):
    """UpdateInstanceInformation, the associations that an agent asks for, and hybrid nodes' registration."""

    def update_instance_information(self) -> Answer:
        request = self.input
        reported = {key: _bounded(request[key]) for key in _NODE_TEXTS if request.get(key) is not None}
        self.backend.nodes.report(_required(request, "InstanceId"), reported)
        return _answer({})

    def list_instance_associations(self) -> Answer:
        """None: the service itself applies associations, by commands, so an agent must not apply them a second time."""
        _required(self.input, "InstanceId")
        return _answer({"Associations": []})

    def update_instance_association_status(self) -> Answer:
        return _answer({})

    def register_managed_instance(self) -> Answer:
        request = self.input
        node_id = self.backend.activations.register(
            _required(request, "ActivationId"),
            _required(request, "ActivationCode"),
            public_key=_required(request, "PublicKey"),
            fingerprint=_required(request, "Fingerprint"),
        )
        return _answer({"InstanceId": node_id})

    def update_managed_instance_public_key(self) -> Answer:
        self.backend.activations.replace_key(self._own_id(), _required(self.input, "NewPublicKey"))
        return _answer({})

    def request_managed_instance_role_token(self) -> Answer:
        return _answer(self.backend.activations.role_token(self._own_id(), _required(self.input, "Fingerprint")))

    def _own_id(self) -> str:
        """The node that signed the request: agents of hybrid nodes put their ID where others put an access key."""
        found = _NODE_ID.search(self.headers.get("Authorization", ""))
        return found[1] if found else ""


def _required(request: dict[str, Any], key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise validation_error(f"Value null at '{key}' failed to satisfy constraint: Member must not be null")
    return value


def _bounded(value: Any) -> str:
    return str(value)[:MAX_TEXT]


def _answer(members: dict[str, Any]) -> Answer:
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": secrets.token_hex(16)}
    return 200, headers, json.dumps(members)
