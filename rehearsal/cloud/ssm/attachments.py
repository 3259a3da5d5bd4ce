"""Files attached to a document: fetched from S3 when the document is created, checked against the content's checksums.

Source: CreateDocument, `Attachments`; User Guide, "Data elements and parameters" (`files`).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.ssm.exceptions import SsmError, validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.cloud.moto_door import MotoDoor

MAX_BYTES = 256 * 1024 * 1024
_LOCATION = re.compile(
    r"s3://(?P<bucket>[^/]+)/(?P<key>.*)"
    r"|https://s3[.-][^/]+/(?P<path_bucket>[^/]+)/(?P<path_key>.*)"
    r"|https://(?P<host_bucket>[^./]+)\.s3[.-][^/]+/(?P<host_key>.*)"
)


def fetch(door: MotoDoor, sources: list[dict[str, Any]], content: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the attached files by name. Raises ValidationException, InvalidDocumentContent."""
    declared = content.get("files") or {}
    found: dict[str, bytes] = {}
    for source in sources:
        location = str((source.get("Values") or [""])[0])
        match source.get("Key"):
            case "S3FileUrl":
                name = str(source.get("Name") or location.rsplit("/", 1)[-1])
                found[name] = _read(door, location)
            case "SourceUrl":
                found |= {name: _read(door, f"{location.rstrip('/')}/{name}") for name in declared}
            case key:
                raise validation_error(
                    f"Attachments by {key} are not part of this rehearsal: use S3FileUrl or SourceUrl."
                )
    for name, entry in declared.items():
        _check(name, entry, found)
    return found


def contents(files: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return AttachmentsContent, as GetDocument has it."""
    return [
        {"Name": name, "Size": len(data), "Hash": hashlib.sha256(data).hexdigest(), "HashType": "Sha256"}
        for name, data in files.items()
    ]


def _read(door: MotoDoor, location: str) -> bytes:
    parts = _LOCATION.fullmatch(location)
    if parts is None:
        raise validation_error(f"{location[:256]} is no address in S3.")
    bucket = parts["bucket"] or parts["path_bucket"] or parts["host_bucket"]
    key = parts["key"] or parts["path_key"] or parts["host_key"]
    held = door.backend("s3", "aws").buckets.get(bucket)
    stored = held.keys.get(key) if held is not None and key else None
    if stored is None:
        raise validation_error(f"There is no object {location[:256]}.")
    if stored.size > MAX_BYTES:
        raise validation_error(f"The attachment {location[:256]} exceeds {MAX_BYTES // 1024 // 1024} MB.")
    data: bytes = stored.value
    return data


def _check(name: str, entry: Any, found: Mapping[str, bytes]) -> None:
    if name not in found:
        raise SsmError("InvalidDocumentContent", f"The content declares the file {name}, which is not attached.")
    checksums = entry.get("checksums") if isinstance(entry, dict) else None
    wanted = checksums.get("sha256") if isinstance(checksums, dict) else None
    if wanted and str(wanted).lower() != hashlib.sha256(found[name]).hexdigest():
        raise SsmError("InvalidDocumentContent", f"The attachment {name} does not have the declared SHA-256 checksum.")
