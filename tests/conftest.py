"""What tests of every kind may need."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


@pytest.fixture(scope="session")
def load_module() -> Callable[[Path], ModuleType]:
    """Load a file as a module, once: scripts and the helpers beside tests are in no package."""
    loaded: dict[Path, ModuleType] = {}

    def load(path: Path) -> ModuleType:
        if path not in loaded:
            specification = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
            assert specification is not None
            assert specification.loader is not None
            module = importlib.util.module_from_spec(specification)
            sys.modules[specification.name] = module  # where dataclasses look for it
            specification.loader.exec_module(module)
            loaded[path] = module
        return loaded[path]

    return load


@pytest.fixture(scope="session")
def render(load_module: Callable[[Path], ModuleType]) -> ModuleType:
    """scripts/render.py."""
    return load_module(Path(__file__).resolve().parents[1] / "scripts" / "render.py")
