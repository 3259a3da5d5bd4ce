"""The documents API on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.responses import ActionResult, EmptyResult

from rehearsal.cloud.ssm.attachments import contents
from rehearsal.cloud.ssm.paging import page
from rehearsal.cloud.ssm.request import SsmRequest

if TYPE_CHECKING:
    from rehearsal.cloud.ssm.documents import DocumentHistory, DocumentVersion


class DocumentResponses(SsmRequest):
    """CreateDocument … ModifyDocumentPermission."""

    def create_document(self) -> ActionResult:
        history = self.backend.documents.create(self.input)
        description = self._description(history, history.resolve())
        return ActionResult({"DocumentDescription": description | {"Status": "Creating"}})

    def update_document(self) -> ActionResult:
        added = self.backend.documents.update(self.input)
        description = self._description(self.backend.documents.history(added.name), added)
        return ActionResult({"DocumentDescription": description | {"Status": "Updating"}})

    def update_document_default_version(self) -> ActionResult:
        chosen = self.backend.documents.set_default(self.input)
        description = {"Name": chosen.name, "DefaultVersion": chosen.document_version}
        if chosen.version_name:
            description["DefaultVersionName"] = chosen.version_name
        return ActionResult({"Description": description})

    def describe_document(self) -> ActionResult:
        history = self.backend.documents.history(self.input["Name"])
        version = history.resolve(self.input.get("DocumentVersion"), self.input.get("VersionName"))
        return ActionResult({"Document": self._description(history, version)})

    def get_document(self) -> ActionResult:
        request = self.input
        version = self.backend.documents.resolve(
            request["Name"], request.get("DocumentVersion"), request.get("VersionName")
        )
        document_format = request.get("DocumentFormat") or "JSON"
        result = {
            "Name": version.name,
            "CreatedDate": version.created_date,
            "DisplayName": version.display_name,
            "VersionName": version.version_name,
            "DocumentVersion": version.document_version,
            "Status": version.status,
            "Content": version.content_as(document_format),
            "DocumentType": version.document_type,
            "DocumentFormat": document_format,
            "Requires": version.requires or None,
            "AttachmentsContent": contents(version.attachment_bytes) or None,
        }
        return ActionResult(result)

    def list_documents(self) -> ActionResult:
        shown, token = page(self.backend.documents.listed(self.input), self.input)
        identifiers = [document.identifier(self.backend.document_tags(document.name)) for document in shown]
        return ActionResult({"DocumentIdentifiers": identifiers, "NextToken": token})

    def list_document_versions(self) -> ActionResult:
        history = self.backend.documents.history(self.input["Name"])
        newest_first = sorted(history.versions.values(), key=lambda version: -int(version.document_version))
        shown, token = page(newest_first, self.input)
        return ActionResult(
            {"DocumentVersions": [version.version_info(history) for version in shown], "NextToken": token}
        )

    def delete_document(self) -> ActionResult:
        self.backend.documents.delete(self.input)
        return EmptyResult()

    def describe_document_permission(self) -> ActionResult:
        shared = self.backend.documents.history(self.input["Name"]).shared_with
        accounts, token = page(list(shared), self.input)
        sharing = [{"AccountId": account, "SharedDocumentVersion": shared[account]} for account in accounts]
        return ActionResult({"AccountIds": accounts, "AccountSharingInfoList": sharing, "NextToken": token})

    def modify_document_permission(self) -> ActionResult:
        self.backend.documents.share(self.input)
        return EmptyResult()

    def _description(self, history: DocumentHistory, version: DocumentVersion) -> dict[str, object]:
        return version.description_of(history, self.backend.document_tags(version.name))
