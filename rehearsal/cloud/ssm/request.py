"""What the response mixins share: the parsed input and the backend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.models import SsmBackend


class SsmRequest:
    """The part of moto's response class that the mixins use, with types."""

    body: Any
    current_account: str
    region: str
    access_key: str
    headers: Any
    ssm_backend: Any

    @property
    def backend(self) -> SsmBackend:
        """The backend of the caller's account and Region."""
        backend: SsmBackend = self.ssm_backend
        return backend

    @property
    def input(self) -> dict[str, Any]:
        """The operation's input in botocore's names, already checked against the model by the endpoint."""
        loaded = json.loads(self.body or "{}")
        return loaded if isinstance(loaded, dict) else {}
