"""What is known of services' APIs is looked for once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.loaders import Loader

from rehearsal.cloud.service_models import find_model

if TYPE_CHECKING:
    import pytest


def test_a_service_is_found_with_its_operations() -> None:
    model = find_model("ssm")
    assert model is not None
    assert "StartAutomationExecution" in model.operation_names


def test_a_service_that_botocore_does_not_know_is_searched_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_model("ec2messages") is None

    def searched(*_: object) -> None:
        raise AssertionError("botocore's data folder was searched again")

    monkeypatch.setattr(Loader, "list_available_services", searched)
    assert find_model("ec2messages") is None
