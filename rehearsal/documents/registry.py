"""The rules, found by listing their folder."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

from rehearsal.documents.rule import LibraryRule, Rule

FOLDER = Path(__file__).parent / "rules"
_NAME = re.compile(r"([acl])(\d{3})_[a-z0-9_]+\Z")


@cache
def all_rules() -> tuple[Rule | LibraryRule, ...]:
    """Every rule, in the order of the ids."""
    return tuple(_load(folder) for folder in rule_folders())


def rule_folders() -> list[Path]:
    """The folder of each rule."""
    return sorted(path for path in FOLDER.iterdir() if _NAME.match(path.name))


def document_rules() -> list[Rule]:
    """The rules that look at one document at a time."""
    return [rule for rule in all_rules() if isinstance(rule, Rule)]


def library_rules() -> list[LibraryRule]:
    """The rules that look at all documents together."""
    return [rule for rule in all_rules() if isinstance(rule, LibraryRule)]


def _load(folder: Path) -> Rule | LibraryRule:
    module = importlib.import_module(f"{__package__}.rules.{folder.name}.rule")
    rule: Rule | LibraryRule = module.RULE
    match = _NAME.match(folder.name)
    if match is None or rule.id != f"{match[1].upper()}{match[2]}":
        raise RuntimeError(f"the folder {folder.name} holds a rule that calls itself {rule.id}")
    return rule
