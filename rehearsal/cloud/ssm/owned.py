"""Documents that AWS owns and every account can use.

`aws_documents/` holds those that the rehearsal really runs. Others exist in AWS and are refused here by name, because
pretending to run them would prove nothing.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rehearsal.cloud.ssm.documents import DocumentHistory, DocumentVersion
from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from collections.abc import Iterator

OWNER = "Amazon"
_FOLDER = Path(__file__).with_name("aws_documents")
_PREFIXES = (
    "AWS-",
    "AWSSupport-",
    "AWSConfigRemediation-",
    "AWSEC2-",
    "AWSFIS-",
    "AmazonCloudWatch-",
    "AmazonInspector2-",
)


class OwnedDocuments:
    """AWS's own documents, loaded when the first of them is asked for."""

    def get(self, name: str) -> DocumentHistory | None:
        """One document; None for a name that AWS could not own. Raises InvalidDocument for what exists in AWS alone."""
        if not name.startswith(_PREFIXES):
            return None
        if name in self._documents:
            return self._documents[name]
        available = ", ".join(sorted(self._documents))
        raise SsmError(
            "InvalidDocument",
            f"Document {name} is AWS's own and is not part of this rehearsal, which runs {available} of them. "
            "Rehearse a document of yours instead, or run this one in an AWS account.",
        )

    def __iter__(self) -> Iterator[DocumentHistory]:
        return iter(self._documents.values())

    @cached_property
    def _documents(self) -> dict[str, DocumentHistory]:
        return {path.stem: DocumentHistory(_load(path)) for path in sorted(_FOLDER.glob("*.json"))}


def _load(path: Path) -> DocumentVersion:
    text = path.read_text(encoding="utf-8")
    kind = "Automation" if json.loads(text)["schemaVersion"] == "0.3" else "Command"
    return DocumentVersion(account_id=OWNER, name=path.stem, content=text, document_type=kind, document_format="JSON")
