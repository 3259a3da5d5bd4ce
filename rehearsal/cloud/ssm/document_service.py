"""The documents API of a backend: create, update, versions, default version, sharing, listing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.ssm.attachments import fetch
from rehearsal.cloud.ssm.documents import (
    MAX_DOCUMENTS,
    MAX_VERSIONS,
    DocumentHistory,
    DocumentVersion,
    checked_name,
    name_of,
)
from rehearsal.cloud.ssm.exceptions import SsmError, validation_error
from rehearsal.cloud.ssm.owned import OWNER, OwnedDocuments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rehearsal.cloud.ssm.models import SsmBackend

_ACCOUNT = re.compile(r"all|[0-9]{12}", re.IGNORECASE)
_MAX_SHARES = 1000


class DocumentService:
    """Holds no documents itself: they stand in moto's `_documents`, where tagging and CloudFormation look for them."""

    def __init__(self, backend: SsmBackend) -> None:
        self._backend = backend
        self._owned = OwnedDocuments()

    def history(self, name_or_arn: str) -> DocumentHistory:
        """All versions of a document, the account's own or one of AWS's. Raises InvalidDocument."""
        name = name_of(name_or_arn)
        found = self._backend.own_documents.get(name) or self._owned.get(name)
        if found is None:
            raise SsmError("InvalidDocument", f"Document with name {name} does not exist.")
        return found

    def resolve(self, name: str, version: str | None = None, version_name: str | None = None) -> DocumentVersion:
        """One version of a document. Raises InvalidDocument, InvalidDocumentVersion."""
        return self.history(name).resolve(version, version_name)

    def create(self, request: dict[str, Any]) -> DocumentHistory:
        """CreateDocument; `request` has botocore's input names."""
        name = checked_name(request["Name"])
        with self._backend.lock:
            if name in self._backend.own_documents:
                raise SsmError("DocumentAlreadyExists", f"Document with name {name} already exists.")
            if len(self._backend.own_documents) >= MAX_DOCUMENTS:
                raise SsmError("DocumentLimitExceeded", f"An account may hold {MAX_DOCUMENTS} documents in a Region.")
            first = DocumentVersion(
                account_id=self._backend.account_id,
                name=name,
                content=request["Content"],
                document_type=request.get("DocumentType") or "Command",
                document_format=request.get("DocumentFormat") or "JSON",
                version_name=request.get("VersionName"),
                requires=request.get("Requires"),
                attachments=request.get("Attachments"),
                target_type=request.get("TargetType"),
                display_name=request.get("DisplayName"),
            )
            first.attachment_bytes = fetch(self._backend.door, first.attachments, first.content_json)
            history = DocumentHistory(first)
            self._backend.own_documents[name] = history
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
        if tags:
            self._backend.add_tags_to_resource("Document", name, tags)
        return history

    def update(self, request: dict[str, Any]) -> DocumentVersion:
        """UpdateDocument: adds a version. Only the latest one can be updated, as in AWS."""
        name = name_of(request["Name"])
        with self._backend.lock:
            history = self._own(name)
            based_on = request.get("DocumentVersion")
            if based_on not in {"$LATEST", history.latest_version}:
                raise SsmError("InvalidDocumentVersion", "The document version is not valid or does not exist.")
            version_name = request.get("VersionName")
            if version_name and any(v.version_name == version_name for v in history.versions.values()):
                raise SsmError("DuplicateDocumentVersionName", "The specified version name is a duplicate.")
            if len(history.versions) >= MAX_VERSIONS:
                raise SsmError("DocumentVersionLimitExceeded", f"A document has at most {MAX_VERSIONS} versions.")
            latest = history.latest
            added = DocumentVersion(
                account_id=self._backend.account_id,
                name=name,
                content=request["Content"],
                document_type=latest.document_type,
                document_format=request.get("DocumentFormat") or "JSON",
                document_version=str(int(history.latest_version) + 1),
                version_name=version_name,
                requires=latest.requires,
                attachments=request.get("Attachments"),
                target_type=request.get("TargetType") or latest.target_type,
                display_name=request.get("DisplayName") or latest.display_name,
            )
            _refuse_duplicate(history, added)
            added.attachment_bytes = fetch(self._backend.door, added.attachments, added.content_json)
            history.add(added)
            return added

    def set_default(self, request: dict[str, Any]) -> DocumentVersion:
        """UpdateDocumentDefaultVersion."""
        with self._backend.lock:
            history = self._own(name_of(request["Name"]))
            chosen = history.resolve(request["DocumentVersion"])
            history.default_version = chosen.document_version
            return chosen

    def delete(self, request: dict[str, Any]) -> None:
        """DeleteDocument: the whole document, or one version that is not the default."""
        name = name_of(request["Name"])
        version, version_name = request.get("DocumentVersion"), request.get("VersionName")
        with self._backend.lock:
            history = self._own(name)
            if history.shared_with:
                raise SsmError("InvalidDocumentOperation", "Must unshare document first before delete")
            if self._backend.associations.names_document(name):
                raise SsmError("AssociatedInstances", f"An association applies document {name}; delete that first.")
            if not version and not version_name:
                self._backend.own_documents.pop(name)
                self._backend.forget_document_tags(name)
                return
            chosen = history.resolve(version, version_name)
            if chosen.document_version == history.default_version:
                raise SsmError("InvalidDocumentOperation", "Default version of the document can't be deleted.")
            del history.versions[chosen.document_version]

    def share(self, request: dict[str, Any]) -> None:
        """ModifyDocumentPermission."""
        add, remove = request.get("AccountIdsToAdd") or [], request.get("AccountIdsToRemove") or []
        for account in (*add, *remove):
            if not _ACCOUNT.fullmatch(account):
                raise validation_error(f"Value '{account}' is no account ID: it must be 'all' or twelve digits.")
        for group in (add, remove):
            if len(group) > 1 and any(account.lower() == "all" for account in group):
                raise SsmError("DocumentPermissionLimit", "Accounts can either be all or a group of AWS accounts")
        with self._backend.lock:
            history = self._own(name_of(request["Name"]))
            if len(set(history.shared_with) | set(add)) > _MAX_SHARES:
                raise SsmError("DocumentPermissionLimit", f"A document is shared with at most {_MAX_SHARES} accounts.")
            history.share(add, remove, request.get("SharedDocumentVersion"))

    def listed(self, request: dict[str, Any]) -> list[DocumentVersion]:
        """The default versions that ListDocuments' filters let through, by name."""
        wanted = [(entry["key"], [entry["value"]]) for entry in request.get("DocumentFilterList") or []]
        wanted += [(entry["Key"], list(entry.get("Values") or [])) for entry in request.get("Filters") or []]
        names = [key for key, _ in wanted]
        if len(names) != len(set(names)):
            raise validation_error("The filter list contains the same key twice.")
        everything: Iterable[DocumentHistory] = (*self._backend.own_documents.values(), *self._owned)
        documents = [history.resolve() for history in everything]
        chosen = [document for document in documents if all(self._matches(document, *entry) for entry in wanted)]
        return sorted(chosen, key=lambda document: document.name)

    def tags(self, name: str) -> list[dict[str, str]]:
        """A document's tags as the API lists them."""
        return self._backend.document_tags(name)

    def _matches(self, document: DocumentVersion, key: str, values: list[str]) -> bool:
        if key.startswith("tag:"):
            tags = {tag["Key"]: tag["Value"] for tag in self.tags(document.name)}
            return tags.get(key.removeprefix("tag:")) in values
        match key:
            case "Owner":
                return _owner_matches(document, values)
            case "Name":
                return any(document.name.startswith(value) for value in values)
            case "DocumentType":
                return document.document_type in values
            case "PlatformTypes":
                return any(value in document.platform_types for value in values)
            case "TargetType":
                return document.target_type in values
            case "SearchKeyword":
                return any(value.lower() in document.name.lower() for value in values)
        raise SsmError("InvalidFilterKey", f"The specified key {key} isn't valid.")

    def _own(self, name: str) -> DocumentHistory:
        history = self.history(name)
        if name not in self._backend.own_documents:
            raise SsmError("InvalidDocumentOperation", f"Document {name} belongs to AWS and cannot be changed.")
        return history


def _owner_matches(document: DocumentVersion, values: list[str]) -> bool:
    if len(values) != 1:
        raise validation_error("Owner filter can only have one value.")
    match values[0]:
        case "Self" | "Private":
            return document.owner != OWNER
        case "Amazon" | "Public":
            return document.owner == OWNER
        case "All":
            return True
        case "ThirdParty":
            return False
        case account:
            return document.owner == account


def _refuse_duplicate(history: DocumentHistory, added: DocumentVersion) -> None:
    for existing in history.versions.values():
        same_target = not added.target_type or added.target_type == existing.target_type
        if existing.content == added.content and same_target:
            raise SsmError(
                "DuplicateDocumentContent",
                "The content of the association document matches another document. "
                "Change the content of the document and try again.",
            )
