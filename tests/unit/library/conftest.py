"""Scripts that documents embed are plain files: tests load them by path, as the service runs them on their own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SCRIPTS = Path(__file__).resolve().parents[3] / "ssm_documents" / "scripts"


@pytest.fixture(scope="session")
def script() -> Callable[[str], ModuleType]:
    """Load ssm_documents/scripts/<name>.py as a module."""

    def load(name: str) -> ModuleType:
        specification = importlib.util.spec_from_file_location(f"embedded_{name}", SCRIPTS / f"{name}.py")
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module

    return load
