"""aws:downloadContent from GitHub: a file or a folder through its API."""

from __future__ import annotations

import json
import re
import urllib.parse
from typing import TYPE_CHECKING, Any

from rehearsal.agent import AGENT_NAME
from rehearsal.agent.http_client import TransportError, request
from rehearsal.agent.plugins.inputs import InputError, text_member

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_API = "https://api.github.com"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_MAX_FILES = 1_000
_MAX_DOWNLOAD = 256 * 1_048_576
_OK = 200


def fetch_github(information: Mapping[str, Any], token: str, target: Path) -> Iterator[tuple[Path, bytes]]:
    """Each file below `path` of `owner`/`repository`, where it belongs and what it holds.

    A path that is a file is named `target` itself. `getOptions` is branch:NAME or commitID:ID.
    """
    owner, repository = (text_member(information, name) for name in ("owner", "repository"))
    if not _NAME.fullmatch(owner) or not _NAME.fullmatch(repository):
        raise InputError("owner and repository must name a repository of GitHub")
    option, _, reference = text_member(information, "getOptions").partition(":")
    if option not in {"", "branch", "commitID"}:
        raise InputError("getOptions must be branch:NAME or commitID:ID")
    query = "?" + urllib.parse.urlencode({"ref": reference}) if reference else ""
    base = f"{_API}/repos/{owner}/{repository}/contents/"
    waiting = [(text_member(information, "path").strip("/"), target)]
    seen = 0
    while waiting:
        path, place = waiting.pop()
        url = base + urllib.parse.quote(path) + query
        listing = json.loads(_get(url, token, "application/vnd.github+json"))
        if isinstance(listing, dict):
            seen += 1
            yield place, _get(url, token, "application/vnd.github.raw+json")
        else:
            waiting += [(f"{path}/{name}".lstrip("/"), place / name) for name in _names(listing)]
        if seen + len(waiting) > _MAX_FILES:
            raise InputError(f"{owner}/{repository}/{path} has more than {_MAX_FILES} files")


def _names(listing: Any) -> list[str]:
    names = [str(entry.get("name")) for entry in listing if isinstance(entry, dict)]
    if any(not name or "/" in name or name in {".", ".."} for name in names):
        raise TransportError("GitHub answered with a name that is not a file's")
    return names


def _get(url: str, token: str, accept: str) -> bytes:
    headers = {"Accept": accept, "User-Agent": AGENT_NAME, **({"Authorization": f"Bearer {token}"} if token else {})}
    answer = request("GET", url, headers=headers, max_answer=_MAX_DOWNLOAD)
    if answer.status != _OK:
        raise TransportError(f"{url} answered {answer.status}")
    return answer.body
