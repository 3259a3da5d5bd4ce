"""The documents store as the automation engine sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.automation import DocumentNotFoundError, DocumentVersionNotFoundError, StoredDocument
from rehearsal.cloud.ssm.exceptions import SsmError

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.document_service import DocumentService


class Runbooks:
    """Finds runbooks by name or ARN."""

    def __init__(self, documents: DocumentService) -> None:
        self._documents = documents

    def get(self, name_or_arn: str, version: str | None = None) -> StoredDocument:
        """Return one version. Raises DocumentNotFoundError or DocumentVersionNotFoundError."""
        try:
            history = self._documents.history(name_or_arn)
        except SsmError as error:
            raise DocumentNotFoundError(error.message) from error
        try:
            found = history.resolve(version)
        except SsmError as error:
            raise DocumentVersionNotFoundError(error.message) from error
        return StoredDocument(
            name=found.name,
            version=found.document_version,
            content=found.content_json,
            document_type=found.document_type,
            target_type=found.target_type,
            attachments=found.attachment_bytes,
        )
