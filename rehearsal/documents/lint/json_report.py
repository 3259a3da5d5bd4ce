"""The report for other programs: the project's own JSON, and SARIF 2.1 for code scanning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rehearsal.documents.registry import all_rules
from rehearsal.documents.rule import Level

if TYPE_CHECKING:
    from rehearsal.documents.lint.finding import Finding
    from rehearsal.documents.lint.run import Result

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def render_json(result: Result) -> str:
    """``{"documents", "errors", "warnings", "findings": [{"path", "document", "rule", "level", "where", "message"}]}``.

    `where` is ``line:column`` and, where the finding has one, the value's path in the document.
    """
    report = {
        "documents": result.documents,
        "errors": result.count(Level.ERROR),
        "warnings": result.count(Level.WARNING),
        "findings": [
            {
                "path": finding.place.file,
                "document": finding.document,
                "rule": finding.rule,
                "level": str(finding.level),
                "where": f"{finding.place.line}:{finding.place.column} {finding.where}".strip(),
                "message": finding.message,
            }
            for finding in result.findings
        ],
    }
    return json.dumps(report, indent=2) + "\n"


def render_sarif(result: Result) -> str:
    """SARIF 2.1.0, one run, every rule described."""
    rules = all_rules()
    index = {rule.id: position for position, rule in enumerate(rules)}
    driver = {
        "name": "rehearse lint",
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.summary},
                "fullDescription": {"text": rule.why},
                "helpUri": rule.source,
                "defaultConfiguration": {"level": str(rule.level)},
            }
            for rule in rules
        ],
    }
    results = [_sarif_result(finding, index[finding.rule]) for finding in result.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _sarif_result(finding: Finding, position: int) -> dict[str, Any]:
    region = {"startLine": finding.place.line, "startColumn": finding.place.column}
    location = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(finding.place.file)}, "region": region},
        "logicalLocations": [{"fullyQualifiedName": f"{finding.document}.{finding.where}".rstrip(".")}],
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": position,
        "level": str(finding.level),
        "message": {"text": finding.message},
        "locations": [location],
    }


def _uri(file: str) -> str:
    return quote(file.replace("\\", "/"))
