"""The library as it is deployed, the hostile values, and what is known to get past a check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
ROLE = "arn:aws:iam::111122223333:role/Operate"


@pytest.fixture(scope="session")
def hostile(load_module: Callable[[Path], ModuleType]) -> ModuleType:
    return load_module(Path(__file__).with_name("hostile_values.py"))


@pytest.fixture(scope="session")
def registry() -> Mapping[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "ssm_documents" / "patterns.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def accepted() -> Mapping[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("accepted.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def library(render: ModuleType) -> Mapping[str, Mapping[str, Any]]:
    """The contents that scripts/render.py deploys, by name; the role that CloudFormation puts in is an ARN."""
    resources = render.render(ROOT)["Resources"].values()
    documents = [body["Properties"] for body in resources if body["Type"] == "AWS::SSM::Document"]
    for document in documents:
        for parameter in document["Content"].get("parameters", {}).values():
            if isinstance(parameter.get("default"), dict):
                parameter["default"] = ROLE
    return {document["Name"]: document["Content"] for document in documents if document["DocumentType"] != "Session"}


@pytest.fixture(scope="session")
def parameters(library: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Every parameter of every document, as (document, parameter)."""
    return [(name, parameter) for name, content in library.items() for parameter in content.get("parameters", {})]


@pytest.fixture(scope="session")
def others(hostile: ModuleType, library: Any, registry: Any) -> Any:
    """Good values for the parameters of a document that need one, but for the given one."""

    def good(document: str, parameter: str) -> dict[str, str]:
        declared = library[document]["parameters"].items()
        return {
            name: hostile.good_value(definition, registry)
            for name, definition in declared
            if "default" not in definition and name != parameter
        }

    return good


@pytest.fixture(scope="session")
def values(hostile: ModuleType, library: Any, registry: Any) -> Any:
    """The hostile values of a document's parameter, by name."""

    def made(document: str, parameter: str, canary: str = "CANARY") -> dict[str, str]:
        good = hostile.good_value(library[document]["parameters"][parameter], registry)
        found: dict[str, str] = hostile.hostile_values(good, canary)
        return found

    return made
