"""AWS Signature Version 4 for one request."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Credentials:
    """Keys of a role. They are not part of the representation, so that no log can hold them."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False, default="")
    expires: float = 0.0  # seconds since the epoch, 0 for never


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    credentials: Credentials,
    service: str,
    region: str,
    now: dt.datetime | None = None,
) -> dict[str, str]:
    """`headers` with Host, X-Amz-Date, the token and Authorization added."""
    moment = now or dt.datetime.now(dt.UTC)
    stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    parts = urllib.parse.urlsplit(url)
    content_hash = hashlib.sha256(body).hexdigest()
    all_headers = {**headers, "Host": parts.netloc, "X-Amz-Date": stamp}
    if service == "s3":
        all_headers["X-Amz-Content-SHA256"] = content_hash
    if credentials.session_token:
        all_headers["X-Amz-Security-Token"] = credentials.session_token
    lowered = {name.lower(): " ".join(value.split()) for name, value in all_headers.items()}
    names = ";".join(sorted(lowered))
    canonical = "\n".join(
        [
            method,
            _canonical_path(parts.path, service),
            _canonical_query(parts.query),
            *(f"{name}:{lowered[name]}" for name in sorted(lowered)),
            "",
            names,
            content_hash,
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _hmac(key, part)
    all_headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={_hmac(key, to_sign).hex()}"
    )
    return all_headers


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical_path(path: str, service: str) -> str:
    """The path, encoded once more than it is on the wire, except for S3."""
    return (path or "/") if service == "s3" else urllib.parse.quote(path or "/", safe="/-_.~")


def _canonical_query(query: str) -> str:
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    encoded = sorted(
        (urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(value, safe="-_.~")) for name, value in pairs
    )
    return "&".join(f"{name}={value}" for name, value in encoded)
