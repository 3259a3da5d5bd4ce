"""Where aws:downloadContent can fetch from: a fetcher takes the source's information and yields the files it wrote."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal.agent.aws import HostAccess
from rehearsal.agent.http_client import TransportError, request
from rehearsal.agent.plugins.github import fetch_github
from rehearsal.agent.plugins.inputs import InputError, text_member
from rehearsal.agent.ssm_references import SECURE_REFERENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rehearsal.agent.run_context import AwsAccess, RunContext

_VIRTUAL_HOST = re.compile(r"(.+)\.s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_PATH_HOST = re.compile(r"s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")
_MAX_DOWNLOAD = 256 * 1_048_576
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_GIT_SECONDS = 900


def _aws(run: RunContext) -> AwsAccess:
    if run.aws is None:
        raise InputError("this source needs the host's AWS access, which this run has not")
    return run.aws


def _place(target: Path, folder: bool, name: str) -> Path:
    """The file itself, or a file of this name when the target is a folder."""
    if not folder and not target.is_dir():
        return target
    if name in {"", ".", ".."}:
        raise InputError("destinationPath is a folder, and the source has no file name")
    return target / name


def fetch_s3(information: Mapping[str, Any], target: Path, folder: bool, run: RunContext) -> Iterator[Path]:
    """`path`: the https URL of an object, or of a "folder", of which everything below is fetched."""
    aws = _aws(run)
    bucket, key = _bucket_and_key(text_member(information, "path"))
    prefix = key.rstrip("/") + "/"
    below = [found for found in aws.list_objects(bucket, prefix) if not found.endswith("/")]
    if not below:
        file = _place(target, folder, key.rpartition("/")[2])
        file.write_bytes(aws.get_object(bucket, key))
        yield file
    for found in below:
        file = (target / found.removeprefix(prefix)).resolve()
        if not file.is_relative_to(target.resolve()):
            raise InputError(f"the key {found} leads out of the destination")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(aws.get_object(bucket, found))
        yield file


def _bucket_and_key(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    host, path = parts.hostname or "", urllib.parse.unquote(parts.path).lstrip("/")
    virtual = _VIRTUAL_HOST.fullmatch(host)
    bucket, key = (virtual[1], path) if virtual else ("", "")
    if not virtual and _PATH_HOST.fullmatch(host):
        bucket, _, key = path.partition("/")
    if parts.scheme != "https" or not bucket or not key:
        raise InputError(f"S3 source path {url!r} must be https://BUCKET.s3.REGION.amazonaws.com/KEY")
    return bucket, key


def fetch_document(information: Mapping[str, Any], target: Path, folder: bool, run: RunContext) -> Iterator[Path]:
    """`name`: a document's name or ARN, with `:version` or without."""
    path = text_member(information, "name")
    if not path:
        raise InputError("SSM Document name must be specified")
    name, _, version = path.rpartition("/")[2].partition(":")
    full_name = path.removesuffix(f":{version}") if version else path
    file = _place(target, folder, f"{name}.json")
    file.write_text(_aws(run).get_document(full_name, version), encoding="utf-8")
    yield file


def fetch_http(information: Mapping[str, Any], target: Path, folder: bool, run: RunContext) -> Iterator[Path]:
    """`url`, https unless `allowInsecureDownload`; `authMethod` None or Basic with `username` and `password`."""
    url = text_member(information, "url")
    insecure = str(information.get("allowInsecureDownload", "")).lower() == "true"
    method = text_member(information, "authMethod") or "None"
    if method not in {"None", "Basic"}:
        raise InputError(f"authMethod {method} is not carried out by the stand-in agent; use None or Basic")
    headers = {}
    if method == "Basic":
        pair = ":".join(_secret(text_member(information, name), run) for name in ("username", "password"))
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path).rpartition("/")[2]
    file = _place(target, folder, name)
    file.write_bytes(_get(url, headers, insecure=insecure))
    yield file


def _get(url: str, headers: Mapping[str, str], *, insecure: bool) -> bytes:
    first = urllib.parse.urlsplit(url)
    for _ in range(_MAX_REDIRECTS + 1):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https" and not insecure:
            raise InputError("the URL must be https; allowInsecureDownload permits http")
        # Credentials are for the host that was named, not for where it redirects to.
        own = headers if (parts.scheme, parts.netloc) == (first.scheme, first.netloc) else {}
        answer = request("GET", url, headers=own, max_answer=_MAX_DOWNLOAD)
        if answer.status == _OK:
            return answer.body
        if answer.status not in _REDIRECTS or "location" not in answer.headers:
            raise TransportError(f"{parts.netloc}{parts.path} answered {answer.status}")
        url = urllib.parse.urljoin(url, answer.headers["location"])
    raise TransportError(f"{first.netloc} redirects more than {_MAX_REDIRECTS} times")


def fetch_git(information: Mapping[str, Any], target: Path, folder: bool, run: RunContext) -> Iterator[Path]:  # noqa: ARG001 - a repository is always a folder
    """`repository`; `getOptions` branch:NAME or commitID:ID; `username` and `password`, or `privateSSHKey`."""
    repository = text_member(information, "repository")
    if not repository or repository.startswith("-"):
        raise InputError("repository must be a git URL")
    if shutil.which("git") is None:
        raise InputError("git is not installed on this host")
    option, _, value = text_member(information, "getOptions").partition(":")
    if option not in {"", "branch", "commitID"} or value.startswith("-"):
        raise InputError("getOptions must be branch:NAME or commitID:ID")
    with tempfile.TemporaryDirectory(prefix="ssm-git-") as private:
        environment = _git_environment(information, Path(private), run)
        branch = ["--branch", value] if option == "branch" else []
        _git(["clone", "--quiet", *branch, "--", repository, str(target)], environment, run.orchestration)
        if option == "commitID":
            _git(["-C", str(target), "checkout", "--quiet", value, "--"], environment, run.orchestration)
    yield from (
        path for path in target.rglob("*") if path.is_file() and not path.is_symlink() and ".git" not in path.parts
    )


def fetch_github_files(information: Mapping[str, Any], target: Path, folder: bool, run: RunContext) -> Iterator[Path]:
    """`owner`, `repository`, `path`, `getOptions`; `tokenInfo` for a private repository."""
    token = _secret(text_member(information, "tokenInfo"), run)
    name = text_member(information, "path").rstrip("/").rpartition("/")[2]
    for place, content in fetch_github(information, token, target):
        file = _place(target, folder, name) if place == target else place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        yield file


def _git_environment(information: Mapping[str, Any], private: Path, run: RunContext) -> dict[str, str]:
    """Secrets reach git through its environment and a private file, never through its arguments."""
    environment = {**run.environment, "GIT_TERMINAL_PROMPT": "0", "HOME": str(private)}
    username, password = (_secret(text_member(information, name), run) for name in ("username", "password"))
    if username or password:
        asker = private / "askpass"
        asker.write_text('#!/bin/sh\ncase "$1" in User*) echo "$SSM_GIT_USER";; *) echo "$SSM_GIT_PASSWORD";; esac\n')
        asker.chmod(0o700)
        environment |= {"GIT_ASKPASS": str(asker), "SSM_GIT_USER": username, "SSM_GIT_PASSWORD": password}
    key = _secret(text_member(information, "privateSSHKey"), run)
    skip = str(information.get("skipHostKeyChecking", "")).lower() == "true"
    options = ["-o", "BatchMode=yes", *(["-o", "StrictHostKeyChecking=no"] if skip else [])]
    if key:
        descriptor = os.open(private / "key", os.O_WRONLY | os.O_CREAT, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor with its mode set
            file.write(key.rstrip("\n") + "\n")
        options += ["-i", str(private / "key")]
    return {**environment, "GIT_SSH_COMMAND": " ".join(["ssh", *options])}


def _git(arguments: list[str], environment: Mapping[str, str], folder: Path) -> None:
    try:
        done = subprocess.run(
            ["git", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=dict(environment),
            cwd=folder,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TransportError(f"git {arguments[0]} took longer than {_GIT_SECONDS} seconds") from None
    if done.returncode:
        raise TransportError(f"git {arguments[0]} failed: {done.stderr.strip()[-1000:]}")


def _secret(text: str, run: RunContext) -> str:
    """`{{ssm-secure:name}}` resolved; only this action resolves it."""
    found = SECURE_REFERENCE.fullmatch(text.strip())
    if not found:
        return text
    aws = _aws(run)
    if not isinstance(aws, HostAccess):
        raise InputError("{{ssm-secure:...}} needs the host's AWS access")
    return aws.get_secure_parameter(found[1])


FETCHERS: Mapping[str, Callable[[Mapping[str, Any], Path, bool, RunContext], Iterable[Path]]] = {
    "Git": fetch_git,
    "GitHub": fetch_github_files,
    "HTTP": fetch_http,
    "S3": fetch_s3,
    "SSMDocument": fetch_document,
}
