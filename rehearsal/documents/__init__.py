"""Reads SSM documents, checks them, and says what a runbook would do."""

from rehearsal.documents.loading import load_document, load_text
from rehearsal.documents.model import Document, DocumentError, DocumentKind
from rehearsal.documents.service import ServiceRejection, validate_for_service
from rehearsal.documents.source import Place, Source

__all__ = [
    "Document",
    "DocumentError",
    "DocumentKind",
    "Place",
    "ServiceRejection",
    "Source",
    "load_document",
    "load_text",
    "validate_for_service",
]
