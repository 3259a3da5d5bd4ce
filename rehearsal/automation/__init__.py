"""Executes Automation documents (schema 0.3), reaching AWS only through the sessions that it is handed."""

from rehearsal.automation.access import (
    AssumeRoleDeniedError,
    AwsAccess,
    Caller,
    DocumentNotFoundError,
    Documents,
    DocumentVersionNotFoundError,
    Session,
    StoredDocument,
)
from rehearsal.automation.engine import AutomationEngine
from rehearsal.automation.errors import ApiError
from rehearsal.automation.settings import EngineSettings, Limits
from rehearsal.automation.store import ExecutionStore, SqliteStore

__all__ = [
    "ApiError",
    "AssumeRoleDeniedError",
    "AutomationEngine",
    "AwsAccess",
    "Caller",
    "DocumentNotFoundError",
    "DocumentVersionNotFoundError",
    "Documents",
    "EngineSettings",
    "ExecutionStore",
    "Limits",
    "Session",
    "SqliteStore",
    "StoredDocument",
]
