"""AWS::SSM::Document."""

from __future__ import annotations

import json
from typing import Any

import yaml
from botocore.exceptions import ClientError

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

VERSIONED = frozenset({"Attachments", "Content", "DocumentFormat", "Requires", "TargetType", "VersionName"})


class Document(ResourceType):
    """An SSM document.

    With `UpdateMethod: NewVersion` a change adds a version and makes it the default; with `Replace`, the default, it
    needs a new document, which a document that the template names cannot have.
    """

    type_name = "AWS::SSM::Document"
    in_place = VERSIONED | {"Tags", "UpdateMethod"}

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the document."""
        request: dict[str, Any] = self._versioned(properties)
        request["Name"] = properties.get("Name") or context.name()
        if "DocumentType" in properties:
            request["DocumentType"] = properties["DocumentType"]
        request["Tags"] = context.tags(properties)
        context.client("ssm").create_document(**request)
        return Made(request["Name"])

    def replaces(self, changed: frozenset[str], old: Properties, new: Properties) -> bool:
        """Replace on changes of the content only where the template does not ask for versions."""
        if changed & VERSIONED and new.get("UpdateMethod") != "NewVersion":
            return True
        return super().replaces(changed, old, new)

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Add a version and make it the default."""
        if any(old.get(name) != new.get(name) for name in VERSIONED):
            self._add_version(context, made, new)
        if context.tags(old) != context.tags(new):
            context.client("ssm").add_tags_to_resource(
                ResourceType="Document", ResourceId=made.physical_id, Tags=context.tags(new)
            )
        return made

    def _add_version(self, context: Context, made: Made, properties: Properties) -> None:
        ssm = context.client("ssm")
        request = self._versioned(properties)
        request.pop("Requires", None)
        try:
            answer = ssm.update_document(Name=made.physical_id, DocumentVersion="$LATEST", **request)
            version = answer["DocumentDescription"]["DocumentVersion"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "DuplicateDocumentContent":
                raise
            versions = ssm.list_document_versions(Name=made.physical_id)["DocumentVersions"]
            version = max((each["DocumentVersion"] for each in versions), key=int)
        ssm.update_document_default_version(Name=made.physical_id, DocumentVersion=version)

    def _versioned(self, properties: Properties) -> dict[str, Any]:
        request = {name: properties[name] for name in VERSIONED if name in properties}
        content = properties["Content"]
        if not isinstance(content, str):
            as_yaml = properties.get("DocumentFormat") == "YAML"
            request["Content"] = yaml.safe_dump(content, sort_keys=False) if as_yaml else json.dumps(content)
        return request

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the document with all of its versions."""
        context.client("ssm").delete_document(Name=made.physical_id)
