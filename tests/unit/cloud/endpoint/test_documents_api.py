"""The documents API: versions, formats, filters, sharing, and each of its documented errors."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

RUNBOOK = """\
schemaVersion: '0.3'
description: waits
parameters:
  Names: {type: StringList, default: [a, b]}
  Careful: {type: Boolean, default: true}
mainSteps:
- name: wait
  action: aws:sleep
  inputs: {Duration: PT1S}
"""


def create(ssm: Any, name: str, content: str, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = ssm.create_document(Name=name, Content=content, **more)["DocumentDescription"]
    return answer


def test_a_new_document_has_one_version_which_is_the_default(ssm: Any, name: str, document: Callable[..., str]) -> None:
    content = document(parameters={"Word": {"type": "String", "description": "what", "default": "hi"}})
    created = create(ssm, name, content, VersionName="first", Tags=[{"Key": "Team", "Value": "ops"}])
    assert created["Status"] == "Creating"
    described = ssm.describe_document(Name=name)["Document"]
    assert described["Status"] == "Active"
    assert (described["DocumentVersion"], described["DefaultVersion"], described["LatestVersion"]) == ("1", "1", "1")
    assert described["Hash"] == hashlib.sha256(content.encode()).hexdigest()
    assert described["DocumentType"] == "Command"
    assert described["PlatformTypes"] == ["Linux", "MacOS"]
    expected = {"Name": "Word", "Type": "String", "Description": "what", "DefaultValue": "hi"}
    assert described["Parameters"] == [expected]
    assert described["Tags"] == [{"Key": "Team", "Value": "ops"}]
    assert described["Owner"] == "111122223333"


def test_versions_grow_and_the_default_stays_until_it_is_moved(
    ssm: Any, name: str, document: Callable[..., str]
) -> None:
    create(ssm, name, document("one"), VersionName="v1")
    updated = ssm.update_document(Name=name, Content=document("two"), DocumentVersion="$LATEST", VersionName="v2")
    assert updated["DocumentDescription"]["DocumentVersion"] == "2"
    assert "one" in ssm.get_document(Name=name)["Content"]
    assert "two" in ssm.get_document(Name=name, DocumentVersion="$LATEST")["Content"]
    assert "two" in ssm.get_document(Name=name, VersionName="v2")["Content"]
    moved = ssm.update_document_default_version(Name=name, DocumentVersion="2")["Description"]
    assert moved == {"Name": name, "DefaultVersion": "2", "DefaultVersionName": "v2"}
    assert "two" in ssm.get_document(Name=name, DocumentVersion="$DEFAULT")["Content"]
    listed = ssm.list_document_versions(Name=name)["DocumentVersions"]
    assert [(v["DocumentVersion"], v["IsDefaultVersion"]) for v in listed] == [("2", True), ("1", False)]


def test_formats_are_converted_without_loss(ssm: Any, name: str) -> None:
    create(ssm, name, RUNBOOK, DocumentFormat="YAML", DocumentType="Automation")
    in_json = ssm.get_document(Name=name)
    assert in_json["DocumentFormat"] == "JSON"
    assert json.loads(in_json["Content"]) == yaml.safe_load(RUNBOOK)
    assert ssm.get_document(Name=name, DocumentFormat="YAML")["Content"] == RUNBOOK
    defaults = {p["Name"]: p["DefaultValue"] for p in ssm.describe_document(Name=name)["Document"]["Parameters"]}
    assert defaults == {"Names": '["a", "b"]', "Careful": "true"}


def test_one_version_or_the_whole_document_is_deleted(
    ssm: Any, name: str, document: Callable[..., str], refused: Callable[..., str]
) -> None:
    create(ssm, name, document("one"))
    ssm.update_document(Name=name, Content=document("two"), DocumentVersion="1")
    refused(ssm.delete_document, "InvalidDocumentOperation", Name=name, DocumentVersion="1")
    ssm.delete_document(Name=name, DocumentVersion="2")
    assert ssm.describe_document(Name=name)["Document"]["LatestVersion"] == "1"
    ssm.delete_document(Name=name)
    refused(ssm.describe_document, "InvalidDocument", Name=name)


def test_lists_filter_by_owner_name_type_tag_and_keyword(ssm: Any, name: str, document: Callable[..., str]) -> None:
    create(ssm, name, document(), Tags=[{"Key": "Only", "Value": name}])

    def found(key: str, *values: str) -> list[str]:
        listed = ssm.list_documents(Filters=[{"Key": key, "Values": list(values)}], MaxResults=50)
        return [identifier["Name"] for identifier in listed["DocumentIdentifiers"]]

    assert found("tag:Only", name) == [name]
    assert found("Name", name[:8]).count(name) == 1
    assert found("Owner", "Amazon") == ["AWS-RunShellScript"]
    assert name in found("Owner", "Self")
    assert name not in found("DocumentType", "Automation")
    assert found("SearchKeyword", name.lower()) == [name]
    assert name in found("PlatformTypes", "Linux")
    legacy = ssm.list_documents(DocumentFilterList=[{"key": "Owner", "value": "Amazon"}])
    assert [d["Name"] for d in legacy["DocumentIdentifiers"]] == ["AWS-RunShellScript"]


def test_pages_cover_everything_once(ssm: Any, document: Callable[..., str], name: str) -> None:
    for number in range(3):
        create(ssm, f"{name}-{number}", document(f"step{number}"))
    pages = ssm.get_paginator("list_documents").paginate(PaginationConfig={"PageSize": 1})
    names = [identifier["Name"] for found in pages for identifier in found["DocumentIdentifiers"]]
    assert len(names) == len(set(names))
    assert {f"{name}-{number}" for number in range(3)} <= set(names)


def test_sharing_is_kept_and_blocks_deletion(
    ssm: Any, name: str, document: Callable[..., str], refused: Callable[..., str]
) -> None:
    create(ssm, name, document())
    share = {"Name": name, "PermissionType": "Share"}
    ssm.modify_document_permission(**share, AccountIdsToAdd=["444455556666"], SharedDocumentVersion="$LATEST")
    described = ssm.describe_document_permission(**share)
    assert described["AccountIds"] == ["444455556666"]
    assert described["AccountSharingInfoList"][0]["SharedDocumentVersion"] == "$LATEST"
    refused(ssm.delete_document, "InvalidDocumentOperation", Name=name)
    refused(ssm.modify_document_permission, "DocumentPermissionLimit", **share, AccountIdsToAdd=["all", "444455556666"])
    ssm.modify_document_permission(**share, AccountIdsToRemove=["444455556666"])
    ssm.delete_document(Name=name)


def test_documented_errors_of_creation(
    ssm: Any, name: str, document: Callable[..., str], refused: Callable[..., str]
) -> None:
    create(ssm, name, document())
    refused(ssm.create_document, "DocumentAlreadyExists", Name=name, Content=document())
    refused(ssm.create_document, "InvalidDocumentContent", Name=f"{name}-x", Content="{")
    refused(ssm.create_document, "InvalidDocumentContent", Name=f"{name}-x", Content="a: b", DocumentFormat="YAML")
    future = json.dumps({"schemaVersion": "9.9", "mainSteps": []})
    refused(ssm.create_document, "InvalidDocumentSchemaVersion", Name=f"{name}-x", Content=future)
    large = document(parameters={"P": {"type": "String", "description": "x" * 70_000}})
    refused(ssm.create_document, "MaxDocumentSizeExceeded", Name=f"{name}-x", Content=large)


@pytest.mark.parametrize("reserved", ["AWS-Mine", "AWSEC2-Mine", "amazon-mine", "amzn-mine", "AWSSupport-Mine"])
def test_reserved_names_are_refused(
    ssm: Any, reserved: str, document: Callable[..., str], refused: Callable[..., str]
) -> None:
    assert reserved in refused(ssm.create_document, "ValidationException", Name=reserved, Content=document())


def test_documented_errors_of_updates(
    ssm: Any, name: str, document: Callable[..., str], refused: Callable[..., str]
) -> None:
    create(ssm, name, document("one"), VersionName="v1")
    update = ssm.update_document
    latest = {"Name": name, "DocumentVersion": "$LATEST"}
    refused(update, "DuplicateDocumentContent", **latest, Content=document("one"))
    refused(update, "DuplicateDocumentVersionName", **latest, Content=document("two"), VersionName="v1")
    refused(update, "InvalidDocumentVersion", Name=name, DocumentVersion="7", Content=document("two"))
    refused(update, "InvalidDocument", Name=f"{name}-none", DocumentVersion="$LATEST", Content=document())
    refused(update, "InvalidDocumentContent", **latest, Content="[]")
    refused(update, "InvalidDocumentOperation", Name="AWS-RunShellScript", DocumentVersion="1", Content=document())
    refused(ssm.get_document, "InvalidDocumentVersion", Name=name, DocumentVersion="9")
    refused(ssm.update_document_default_version, "InvalidDocumentVersion", Name=name, DocumentVersion="9")
    refused(ssm.list_documents, "InvalidFilterKey", Filters=[{"Key": "Colour", "Values": ["red"]}])
    refused(ssm.list_documents, "InvalidNextToken", NextToken="nonsense")


def test_documents_of_aws_are_there_or_refused_by_name(ssm: Any, refused: Callable[..., str]) -> None:
    owned = ssm.describe_document(Name="AWS-RunShellScript")["Document"]
    assert owned["Owner"] == "Amazon"
    assert [p["Name"] for p in owned["Parameters"]] == ["commands", "workingDirectory", "executionTimeout"]
    message = refused(ssm.get_document, "InvalidDocument", Name="AWS-RunPatchBaseline")
    assert "AWS-RunPatchBaseline" in message
    assert "AWS-RunShellScript" in message


def test_an_error_of_the_endpoints_own_is_the_services_and_the_endpoint_lives_on(
    cloud: Any, ssm: Any, name: str, document: Callable[..., str], refused: Callable[..., str], monkeypatch: Any
) -> None:
    create(ssm, name, document())

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("what only the log may have")

    with monkeypatch.context() as patched:
        patched.setattr(cloud.ssm().documents, "history", broken)
        message = refused(ssm.describe_document, "InternalServerError", Name=name)
    assert "what only the log may have" not in message
    assert ssm.describe_document(Name=name)["Document"]["Name"] == name


def test_limits_of_an_account_are_held(
    cloud: Any, ssm: Any, name: str, document: Callable[..., str], refused: Callable[..., str], monkeypatch: Any
) -> None:
    service = type(cloud.ssm().documents)
    create(ssm, name, document("one"))
    module = __import__(service.__module__, fromlist=["MAX_DOCUMENTS"])
    monkeypatch.setattr(module, "MAX_DOCUMENTS", 1)
    monkeypatch.setattr(module, "MAX_VERSIONS", 1)
    refused(ssm.create_document, "DocumentLimitExceeded", Name=f"{name}-x", Content=document())
    refused(
        ssm.update_document, "DocumentVersionLimitExceeded", Name=name, Content=document("two"), DocumentVersion="1"
    )


def test_attachments_are_fetched_and_checked(
    client: Callable[[str], Any], cloud: Any, ssm: Any, name: str, refused: Callable[..., str]
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="attachments-of-runbooks")
    s3.put_object(Bucket="attachments-of-runbooks", Key="files/tool.py", Body=b"print(1)")

    def content(data: bytes) -> str:
        checksum = hashlib.sha256(data).hexdigest()
        return RUNBOOK + f"files:\n  tool.py:\n    checksums: {{sha256: {checksum}}}\n"

    runbook = {"DocumentFormat": "YAML", "DocumentType": "Automation"}
    folder = [{"Key": "SourceUrl", "Values": ["s3://attachments-of-runbooks/files"]}]
    create(ssm, name, content(b"print(1)"), Attachments=folder, **runbook)
    assert cloud.ssm().documents.resolve(name).attachment_bytes == {"tool.py": b"print(1)"}
    shown = ssm.get_document(Name=name)["AttachmentsContent"][0]
    assert (shown["Name"], shown["Size"]) == ("tool.py", 8)
    assert ssm.describe_document(Name=name)["Document"]["AttachmentsInformation"] == [{"Name": "tool.py"}]

    other = {"Name": f"{name}-x", **runbook}
    bad = content(b"something else")
    refused(ssm.create_document, "InvalidDocumentContent", Content=bad, Attachments=folder, **other)
    refused(ssm.create_document, "InvalidDocumentContent", Content=bad, **other)
    none = [{"Key": "S3FileUrl", "Values": ["s3://attachments-of-runbooks/none"], "Name": "tool.py"}]
    refused(ssm.create_document, "ValidationException", Content=bad, Attachments=none, **other)
