"""What tests of single parts of the cloud share; those of a whole one have `endpoint/conftest.py`."""

from __future__ import annotations

import pytest
from moto.ssm.responses import SimpleSystemManagerResponse


@pytest.fixture
def no_associations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer ListAssociations, which moto does not have, without the SSM of a whole cloud."""
    monkeypatch.setattr(
        SimpleSystemManagerResponse, "list_associations", lambda _: '{"Associations": []}', raising=False
    )
