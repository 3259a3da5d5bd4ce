"""The documents that an account holds: versions, the default, sharing.

They stand in moto's own dictionary of documents, so that tagging and the tagging API find them. Contents are checked
by `rehearsal.documents` as CreateDocument checks them. Sources: the API reference of CreateDocument, UpdateDocument,
DeleteDocument; the reference of this project, §1.4 and §1.5.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any

import yaml

from rehearsal.cloud.ssm.exceptions import SsmError, validation_error
from rehearsal.documents import ServiceRejection, validate_for_service

RESERVED_PREFIXES = ("aws", "amazon", "amzn", "AWS-", "AWSEC2", "AWSConfigRemediation", "AWSSupport", "AmazonSSM")
MAX_CONTENT = 64 * 1024
MAX_VERSIONS = 1000
MAX_DOCUMENTS = 500

_NAME = re.compile(r"[a-zA-Z0-9_\-.]{3,128}")
_ARN = re.compile(r"arn:[^:]+:ssm:[^:]*:([0-9]*):document/(?P<name>[^:]+)")
_ALL_PLATFORMS = ["Windows", "Linux", "MacOS"]
_PLATFORMS = {"aws:runShellScript": ["Linux", "MacOS"], "aws:runPowerShellScript": ["Windows", "Linux", "MacOS"]}


class DocumentVersion:
    """One version of a document. `content` is the text as it was given, `content_json` what it says."""

    def __init__(
        self,
        *,
        account_id: str,
        name: str,
        content: str,
        document_type: str,
        document_format: str,
        document_version: str = "1",
        version_name: str | None = None,
        requires: list[dict[str, str]] | None = None,
        attachments: list[dict[str, Any]] | None = None,
        target_type: str | None = None,
        display_name: str | None = None,
    ) -> None:
        self.name = name
        self.owner = account_id
        self.content = content
        self.document_type = document_type
        self.document_format = document_format
        self.document_version = document_version
        self.version_name = version_name
        self.requires = requires or []
        self.attachments = attachments or []
        self.attachment_bytes: dict[str, bytes] = {}
        self.target_type = target_type
        self.display_name = display_name
        self.status = "Active"
        self.created_date = datetime.now(UTC)
        self.content_json = checked_content(content, document_format, document_type, name)
        self.schema_version = str(self.content_json.get("schemaVersion", ""))
        self.description = _text_or_none(self.content_json.get("description"))
        self.platform_types = _platforms(self.content_json, document_type)

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """The parameters that the content declares."""
        declared = self.content_json.get("parameters")
        return declared if isinstance(declared, dict) else {}

    @property
    def physical_resource_id(self) -> str:
        """What CloudFormation's `Ref` gives."""
        return self.name

    @property
    def hash(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def parameter_list(self) -> list[dict[str, Any]]:
        """`Parameters` of DescribeDocument; a default that is not a string is shown as JSON."""
        return [_described_parameter(name, declared) for name, declared in self.parameters.items()]

    def content_as(self, document_format: str) -> str:
        """The content in JSON or YAML: unchanged in the format that it was given in."""
        if document_format == self.document_format:
            return self.content
        if document_format == "YAML":
            return yaml.safe_dump(self.content_json, sort_keys=False, allow_unicode=True)
        return json.dumps(self.content_json, indent=2, ensure_ascii=False)

    def identifier(self, tags: list[dict[str, str]]) -> dict[str, Any]:
        """A DocumentIdentifier, as ListDocuments has it."""
        return _without_empty(
            {
                "Name": self.name,
                "CreatedDate": self.created_date,
                "DisplayName": self.display_name,
                "Owner": self.owner,
                "VersionName": self.version_name,
                "PlatformTypes": self.platform_types,
                "DocumentVersion": self.document_version,
                "DocumentType": self.document_type,
                "SchemaVersion": self.schema_version,
                "DocumentFormat": self.document_format,
                "TargetType": self.target_type,
                "Requires": self.requires,
            }
        ) | {"Tags": tags}

    def description_of(self, history: DocumentHistory, tags: list[dict[str, str]]) -> dict[str, Any]:
        """A DocumentDescription."""
        return _without_empty(
            {
                "Hash": self.hash,
                "HashType": "Sha256",
                "Name": self.name,
                "DisplayName": self.display_name,
                "VersionName": self.version_name,
                "Owner": self.owner,
                "CreatedDate": self.created_date,
                "Status": self.status,
                "DocumentVersion": self.document_version,
                "Description": self.description,
                "Parameters": self.parameter_list,
                "PlatformTypes": self.platform_types,
                "DocumentType": self.document_type,
                "SchemaVersion": self.schema_version,
                "LatestVersion": history.latest_version,
                "DefaultVersion": history.default_version,
                "DocumentFormat": self.document_format,
                "TargetType": self.target_type,
                "Requires": self.requires,
                "AttachmentsInformation": [{"Name": name} for name in self.attachment_bytes],
            }
        ) | {"Tags": tags}

    def version_info(self, history: DocumentHistory) -> dict[str, Any]:
        """A DocumentVersionInfo, as ListDocumentVersions has it."""
        return _without_empty(
            {
                "Name": self.name,
                "DisplayName": self.display_name,
                "DocumentVersion": self.document_version,
                "VersionName": self.version_name,
                "CreatedDate": self.created_date,
                "DocumentFormat": self.document_format,
                "Status": self.status,
            }
        ) | {"IsDefaultVersion": self.document_version == history.default_version}


class DocumentHistory:
    """All versions of one document, and with whom it is shared."""

    def __init__(self, first: DocumentVersion) -> None:
        self.versions = {first.document_version: first}
        self.default_version = first.document_version
        self.shared_with: dict[str, str] = {}
        """Account ID (or `all`) → the version that is shared."""

    @property
    def latest_version(self) -> str:
        """The highest version number."""
        return max(self.versions, key=int)

    @property
    def latest(self) -> DocumentVersion:
        return self.versions[self.latest_version]

    def resolve(self, document_version: str | None = None, version_name: str | None = None) -> DocumentVersion:
        """The version that `$LATEST`, `$DEFAULT`, a number or a version name means; the default without either.

        Raises InvalidDocumentVersion.
        """
        if document_version in {None, "", "$DEFAULT"}:
            document_version = None if version_name else self.default_version
        elif document_version == "$LATEST":
            document_version = self.latest_version
        for version in self.versions.values():
            number_fits = document_version is None or version.document_version == document_version
            if number_fits and (not version_name or version.version_name == version_name):
                return version
        raise SsmError("InvalidDocumentVersion", "The document version is not valid or does not exist.")

    def add(self, version: DocumentVersion) -> None:
        self.versions[version.document_version] = version

    def share(self, add: list[str], remove: list[str], version: str | None) -> None:
        """Change who may use the document; `all` stands alone, as in ModifyDocumentPermission."""
        if any(account.lower() == "all" for account in (*add, *remove)):
            self.shared_with.clear()
        elif add:
            self.shared_with.pop("all", None)
        self.shared_with.update({account.lower(): version or "$DEFAULT" for account in add})
        for account in remove:
            self.shared_with.pop(account, None)

    def describe(self) -> dict[str, Any]:
        """What moto's tagging API asks of a document."""
        return {"Name": self.latest.name}

    def get_default_version(self) -> DocumentVersion:
        """What moto's CloudFormation type takes as the resource."""
        return self.versions[self.default_version]


def checked_content(content: str, document_format: str, document_type: str, name: str) -> dict[str, Any]:
    """What a document's text says, checked as CreateDocument checks it.

    Raises MaxDocumentSizeExceeded, InvalidDocumentContent, InvalidDocumentSchemaVersion.
    """
    if len(content.encode()) > MAX_CONTENT:
        raise SsmError("MaxDocumentSizeExceeded", f"The size limit of a document is {MAX_CONTENT // 1024} KB.")
    try:
        document = validate_for_service(content, format=document_format, document_type=document_type, name=name)
    except ServiceRejection as rejection:
        raise SsmError(rejection.code, rejection.message) from rejection
    return document.content


def checked_name(name: str) -> str:
    """A name that a customer may give a document. Raises ValidationException."""
    if not _NAME.fullmatch(name):
        raise validation_error(f"Invalid document name {name}")
    if name.startswith(RESERVED_PREFIXES):
        raise validation_error(f"Invalid document name {name}: the prefix is reserved for documents of AWS.")
    return name


def name_of(name_or_arn: str) -> str:
    """The document's name from its name or its ARN."""
    found = _ARN.fullmatch(name_or_arn)
    return found["name"] if found else name_or_arn


def _platforms(content: dict[str, Any], document_type: str) -> list[str]:
    if document_type != "Command":
        return _ALL_PLATFORMS
    steps = content.get("mainSteps") or []
    actions = [step.get("action") for step in steps if isinstance(step, dict)] or list(
        content.get("runtimeConfig") or {}
    )
    known = {platform for action in actions for platform in _PLATFORMS.get(str(action), _ALL_PLATFORMS)}
    return [platform for platform in _ALL_PLATFORMS if platform in known] or _ALL_PLATFORMS


def _described_parameter(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    described = {"Name": name, "Type": declared.get("type"), "Description": declared.get("description")}
    default = declared.get("default")
    if default is not None:
        described["DefaultValue"] = default if isinstance(default, str) else json.dumps(default)
    return _without_empty(described)


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value not in (None, [], {})}
