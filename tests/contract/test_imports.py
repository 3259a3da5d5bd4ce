"""Dependencies point one way: docs/architecture.md, "Imports"."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "rehearsal"

# What each part of `rehearsal/` may import of its siblings. A part that is not listed may not exist.
ALLOWED: dict[str, set[str]] = {
    "documents": set(),
    "agent": set(),
    "settings": set(),
    "automation": {"documents"},
    "cloud": {"documents", "automation"},
    "hosts": {"settings", "cloud.inventory"},
    "scenarios": {"settings", "documents"},
    "catalogue": {"documents"},
    "daemon": {"settings", "cloud", "hosts"},
    "cli": {"settings", "documents", "scenarios", "catalogue", "hosts", "cloud", "daemon"},
    "__init__": set(),
}


def _parts() -> list[str]:
    return sorted(
        {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py"}
        | {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    )


def _files_of(part: str) -> list[Path]:
    folder = PACKAGE / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{part}.py"]


def _imports(path: Path) -> list[tuple[int, str]]:
    """The absolute names that a file imports, with their lines, however deep in a function they stand."""
    package = list(path.relative_to(ROOT).with_suffix("").parts[:-1])
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
    return found


def _is_allowed(part: str, name: str) -> bool:
    inner = name.removeprefix("rehearsal.")
    return any(inner == allowed or inner.startswith(f"{allowed}.") for allowed in {part, *ALLOWED[part]})


@pytest.mark.parametrize("part", _parts())
def test_a_part_imports_only_what_stands_below_it(part: str) -> None:
    assert part in ALLOWED, f"rehearsal/{part} is not in docs/architecture.md's list of parts; add it there and here"
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in _files_of(part)
        for line, name in _imports(path)
        if name.startswith("rehearsal.") and not _is_allowed(part, name)
    ]
    assert offences == []


def test_every_part_of_the_list_exists() -> None:
    assert sorted(ALLOWED) == _parts()


def test_the_agent_is_standard_library_only() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in _files_of("agent")
        for line, name in _imports(path)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "rehearsal"}
    ]
    assert offences == []


@pytest.mark.parametrize("part", ["automation", "scenarios", "documents", "hosts"])
def test_moto_stays_behind_the_cloud(part: str) -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in _files_of(part)
        for line, name in _imports(path)
        if name.split(".")[0] == "moto"
    ]
    assert offences == []


def test_the_rehearsal_knows_nothing_of_this_stack() -> None:
    """Another team can point `rehearsal/` at its own library: what is particular to this one is data."""
    words = ("flask-app", "FlaskOps", "flask_app", "appdb", "appuser")
    offences = [
        f"{path.relative_to(ROOT)}:{number} says {word}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for word in words
        if word in line
    ]
    assert offences == []
