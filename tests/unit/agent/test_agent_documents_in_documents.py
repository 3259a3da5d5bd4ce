"""aws:runDocument and aws:downloadContent."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from typing import Any

import pytest

from rehearsal.agent.aws import HostAccess
from rehearsal.agent.config import Config
from rehearsal.agent.imds import Metadata


@pytest.fixture
def host_access(endpoint: Any) -> HostAccess:
    config = Config(ssm_endpoint=endpoint.url, mds_endpoint=endpoint.url, s3_endpoint=endpoint.url)
    return HostAccess(config, Metadata(endpoint.url), "eu-west-1")


def step(action: str, name: str = "call", **inputs: Any) -> dict[str, Any]:
    return {"schemaVersion": "2.2", "mainSteps": [{"action": action, "name": name, "inputs": inputs}]}


def run_document(path: str, kind: str = "LocalPath", **inputs: Any) -> dict[str, Any]:
    return step("aws:runDocument", documentType=kind, documentPath=path, **inputs)


def download(kind: str, information: Any, destination: str = "") -> dict[str, Any]:
    return step("aws:downloadContent", sourceType=kind, sourceInfo=information, destinationPath=destination)


@pytest.mark.parametrize("form", ["json", "yaml"])
@pytest.mark.parametrize("parameters", [{"x": "given"}, '{"x": "given"}', "x: given"])
def test_a_local_document_runs_with_its_parameters(
    executor: Any, shell_document: Any, tmp_path: Any, form: str, parameters: Any
) -> None:
    text = json.dumps(shell_document({"runCommand": ["echo {{ x }}"]}, parameters={"x": {"type": "String"}}))
    if form == "yaml":
        text = "# rendered\n" + text
    (tmp_path / f"inner.{form}").write_text(text)
    document = run_document(str(tmp_path / f"inner.{form}"), documentParameters=parameters)
    result = executor.steps(document)[0]
    assert (result.status, result.stdout) == ("Success", "given\n")


def test_control_flow_works_inside(executor: Any, shell_document: Any, tmp_path: Any) -> None:
    inner = shell_document({"runCommand": ["echo bad >&2; exit 1"], "onFailure": "exit"}, {"runCommand": ["echo no"]})
    (tmp_path / "inner.json").write_text(json.dumps(inner))
    result = executor.steps(run_document(str(tmp_path / "inner.json")))[0]
    assert (result.status, result.code) == ("Failed", 1)
    assert result.stderr.startswith("bad\n")
    assert "no\n" not in result.stdout


@pytest.mark.parametrize(
    ("definition", "value", "message"),
    [
        ({"allowedValues": ["a", "b"]}, "c", "is not one of its allowedValues"),
        ({"maxChars": 2}, "abc", "The length of the value of x is 3, more than 2"),
        ({"minChars": 2}, "a", "The length of the value of x is 1, less than 2"),
        ({"type": "StringList", "maxItems": 1}, ["a", "b"], "The number of items of x is 2, more than 1"),
        ({"type": "StringList", "minItems": 3}, ["a", "b"], "The number of items of x is 2, less than 3"),
    ],
)
def test_an_inner_document_is_held_to_all_constraints(
    executor: Any, tmp_path: Any, definition: dict[str, Any], value: Any, message: str
) -> None:
    inner = step("aws:runShellScript", runCommand=["echo ran"])
    inner["parameters"] = {"x": {"type": "String", **definition}}
    (tmp_path / "inner.json").write_text(json.dumps(inner))
    result = executor.steps(run_document(str(tmp_path / "inner.json"), documentParameters={"x": value}))[0]
    assert (result.status, result.stdout) == ("Failed", "")
    assert "There was an error while preparing documents - " in result.stderr
    assert message in result.stderr


def test_documents_call_documents_three_deep_and_no_deeper(executor: Any, shell_document: Any, tmp_path: Any) -> None:
    (tmp_path / "leaf.json").write_text(json.dumps(shell_document({"runCommand": ["echo leaf"]})))
    (tmp_path / "d3.json").write_text(json.dumps(run_document(str(tmp_path / "leaf.json"))))
    (tmp_path / "d2.json").write_text(json.dumps(run_document(str(tmp_path / "d3.json"))))
    (tmp_path / "d1.json").write_text(json.dumps(run_document(str(tmp_path / "d2.json"))))
    assert executor.steps(run_document(str(tmp_path / "d2.json")))[0].stdout == "leaf\n"
    result = executor.steps({**run_document(str(tmp_path / "d1.json"))})[0]
    assert result.status == "Failed"
    assert "Maximum depth permitted - 3 and current depth - 4" in result.stderr


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "Document Type must be specified"),
        ({"documentType": "Other", "documentPath": "x"}, "Document type specified in invalid"),
        ({"documentType": "LocalPath"}, "Document Path must be provided"),
        ({"documentType": 1}, "cannot unmarshal number into documentType of type string"),
        ({"documentType": "LocalPath", "documentPath": "/absent"}, "no such file or directory"),
        ({"documentType": "SSMDocument", "documentPath": "x"}, "needs the SSM endpoint"),
    ],
)
def test_what_run_document_cannot_do_fails_its_step(executor: Any, inputs: dict[str, Any], message: str) -> None:
    result = executor.steps(step("aws:runDocument", **inputs))[0]
    assert result.status == "Failed"
    assert message in result.stderr


def test_a_document_of_the_service_is_fetched(
    executor: Any, shell_document: Any, endpoint: Any, host_access: Any
) -> None:
    arn = "arn:aws:ssm:eu-west-1:123456789012:document/Inner"
    endpoint.documents = {name: json.dumps(shell_document({"runCommand": ["echo inner"]})) for name in ("Inner", arn)}
    for path, asked in (("Inner", {"Name": "Inner"}), (f"{arn}:3", {"Name": arn, "DocumentVersion": "3"})):
        result = executor.steps(run_document(path, "SSMDocument"), aws=host_access)[0]
        assert (result.status, result.stdout[-6:]) == ("Success", "inner\n")
        assert endpoint.calls_of("GetDocument")[-1].body == asked
    absent = executor.steps(run_document("Absent", "SSMDocument"), aws=host_access)[0]
    assert "Unable to get ssm document. InvalidDocument: no such document" in absent.stderr


def test_the_document_that_does_nothing_does_nothing(executor: Any) -> None:
    result = executor.steps(run_document("AWS-Noop", "SSMDocument"))[0]
    assert (result.status, result.stdout) == ("Success", "")


def test_a_relative_path_is_what_an_earlier_download_brought(
    executor: Any, shell_document: Any, endpoint: Any, host_access: Any
) -> None:
    endpoint.documents = {"Inner": json.dumps(shell_document({"runCommand": ["echo inner"]}))}
    document = download("SSMDocument", {"name": "Inner"}, "kit/")
    document["mainSteps"] += run_document("kit/Inner.json")["mainSteps"]
    document["mainSteps"][1]["name"] = "run"
    first, second = executor.steps(document, aws=host_access)
    assert (first.status, second.stdout) == ("Success", "inner\n")
    file = executor.orchestration / "downloads" / "kit" / "Inner.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o700
    assert first.stdout == f"Content downloaded to {file.parent}"


LISTING = b"""<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<Contents><Key>kit/a.sh</Key></Contents><Contents><Key>kit/sub/b.txt</Key></Contents></ListBucketResult>"""
NOTHING = b"<ListBucketResult></ListBucketResult>"


@pytest.mark.parametrize(
    "url", ["https://bucket.s3.eu-west-1.amazonaws.com/dir/a.sh", "https://s3.amazonaws.com/bucket/dir/a.sh"]
)
def test_an_object_of_s3(executor: Any, endpoint: Any, host_access: Any, tmp_path: Any, url: str) -> None:
    endpoint.pages = {"/bucket/?list-type=2&prefix=dir%2Fa.sh%2F": NOTHING, "/bucket/dir/a.sh": b"content"}
    information = json.dumps({"path": url})
    result = executor.steps(download("S3", information, f"{tmp_path}/out/"), aws=host_access)[0]
    assert result.status == "Success", result.stderr
    assert (tmp_path / "out" / "a.sh").read_bytes() == b"content"


def test_a_folder_of_s3(executor: Any, endpoint: Any, host_access: Any, tmp_path: Any) -> None:
    endpoint.pages = {
        "/bucket/?list-type=2&prefix=kit%2F": LISTING,
        "/bucket/kit/a.sh": b"A",
        "/bucket/kit/sub/b.txt": b"B",
    }
    source = {"path": "https://bucket.s3.amazonaws.com/kit/"}
    result = executor.steps(download("S3", source, str(tmp_path / "out")), aws=host_access)[0]
    assert result.status == "Success", result.stderr
    assert (tmp_path / "out" / "sub" / "b.txt").read_bytes() == b"B"
    assert (tmp_path / "out" / "a.sh").read_bytes() == b"A"


def test_a_key_that_leads_out_of_the_destination_is_refused(
    executor: Any, endpoint: Any, host_access: Any, tmp_path: Any
) -> None:
    endpoint.pages = {"/bucket/?list-type=2&prefix=kit%2F": LISTING.replace(b"kit/a.sh", b"kit/../../../x")}
    source = {"path": "https://bucket.s3.amazonaws.com/kit/"}
    result = executor.steps(download("S3", source, str(tmp_path / "out")), aws=host_access)[0]
    assert (result.status, "leads out of the destination" in result.stderr) == ("Failed", True)


def test_a_page(executor: Any, endpoint: Any, tmp_path: Any) -> None:
    endpoint.pages = {"/kit/file.txt": b"page"}
    source = {"url": f"{endpoint.url}/kit/file.txt", "allowInsecureDownload": "true"}
    assert executor.steps(download("HTTP", source, f"{tmp_path}/"))[0].status == "Success"
    assert (tmp_path / "file.txt").read_bytes() == b"page"
    assert executor.steps(download("HTTP", source, f"{tmp_path}/other.name"))[0].status == "Success"
    assert (tmp_path / "other.name").read_bytes() == b"page"


@pytest.mark.skipif(shutil.which("git") is None, reason="git makes the repository that is cloned")
@pytest.mark.parametrize(("option", "expected"), [("", "two"), ("branch:old", "one"), ("commitID:{first}", "one")])
def test_a_git_repository(executor: Any, tmp_path: Any, option: str, expected: str) -> None:
    repository = tmp_path / "repository"

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.test", "-c", "init.defaultBranch=main"]
        command = ["git", "-C", str(repository), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    repository.mkdir()
    git("init", "--quiet")
    for text in ("one", "two"):
        (repository / "file").write_text(text)
        git("add", "file")
        git("commit", "--quiet", "--message", text)
    git("branch", "old", "HEAD~1")
    source = {"repository": str(repository), "getOptions": option.format(first=git("rev-parse", "HEAD~1"))}
    result = executor.steps(download("Git", source, str(tmp_path / "clone")))[0]
    assert result.status == "Success", result.stderr
    assert (tmp_path / "clone" / "file").read_text() == expected


@pytest.mark.parametrize(
    ("kind", "information", "message"),
    [
        ("", {"x": "y"}, "SourceType must be specified"),
        ("FTP", {"owner": "o"}, "Unsupported source type FTP"),
        ("GitHub", {"owner": "../o", "repository": "r"}, "owner and repository must name a repository"),
        ("GitHub", {"owner": "o", "repository": "r", "getOptions": "tag:1"}, "getOptions must be branch:NAME"),
        ("S3", {}, "SourceInfo must be specified"),
        ("S3", "[]", "sourceInfo must be an object, not array"),
        ("S3", "{", "sourceInfo is neither JSON nor YAML"),
        ("S3", {"path": "https://example.test/x"}, "this source needs the host's AWS access"),
        ("HTTP", {"url": "http://127.0.0.1:1/x"}, "the URL must be https"),
        (
            "HTTP",
            {"url": "http://127.0.0.1:1/x", "allowInsecureDownload": True},
            "failed to download: GET to 127.0.0.1:1",
        ),
        ("HTTP", {"url": "https://127.0.0.1:1/x", "authMethod": "Digest"}, "authMethod Digest is not carried out"),
        ("Git", {"repository": "--upload-pack=x"}, "repository must be a git URL"),
        ("Git", {"repository": "/r", "getOptions": "tag:x"}, "getOptions must be branch:NAME or commitID:ID"),
    ],
)
def test_what_cannot_be_downloaded_fails_its_step(executor: Any, kind: str, information: Any, message: str) -> None:
    result = executor.steps(download(kind, information, "kit/file"))[0]
    assert (result.status, result.code) == ("Failed", 1)
    assert message in result.stderr


@pytest.mark.parametrize(
    "path", ["http://b.s3.amazonaws.com/k", "https://example.test/b/k", "https://b.s3.amazonaws.com/"]
)
def test_what_is_no_object_of_s3_is_refused(executor: Any, host_access: Any, path: str) -> None:
    result = executor.steps(download("S3", {"path": path}), aws=host_access)[0]
    assert "must be https://BUCKET.s3.REGION.amazonaws.com/KEY" in result.stderr


def test_a_refusal_of_s3_is_named(executor: Any, host_access: Any) -> None:
    result = executor.steps(download("S3", {"path": "https://b.s3.amazonaws.com/k"}), aws=host_access)[0]
    assert result.stderr == "failed to download: HTTP404: GET s3://b/"


def test_credentials_come_from_a_secure_parameter_and_go_to_the_named_host_only(
    executor: Any, endpoint: Any, host_access: Any, monkeypatch: Any
) -> None:
    sent: list[tuple[str, str | None]] = []
    endpoint.parameters = {"pw": {"Name": "pw", "Type": "SecureString", "Value": "s3cret", "Version": 1}}

    def request(_: str, url: str, *, headers: dict[str, str], max_answer: int) -> Any:
        from rehearsal.agent.http_client import Answer  # noqa: PLC0415 - beside the one test of it

        sent.append((url, headers.get("Authorization")))
        assert max_answer > 0
        if "first" in url:
            return Answer(302, {"location": "https://second.example.test/f"}, b"")
        return Answer(200, {}, b"x")

    monkeypatch.setattr("rehearsal.agent.plugins.sources.request", request)
    source = {
        "url": "https://first.example.test/f",
        "authMethod": "Basic",
        "username": "u",
        "password": "{{ssm-secure:pw}}",
    }
    result = executor.steps(download("HTTP", source), aws=host_access)[0]
    assert result.status == "Success", result.stderr
    assert sent == [("https://first.example.test/f", "Basic dTpzM2NyZXQ="), ("https://second.example.test/f", None)]
    assert "s3cret" not in result.stdout + result.stderr


GITHUB = {
    "kit?ref=main": [{"name": "a.sh"}, {"name": "sub"}],
    "kit/a.sh?ref=main": {"type": "file"},
    "kit/sub?ref=main": [{"name": "b c.txt"}],
    "kit/sub/b%20c.txt?ref=main": {"type": "file"},
    "evil?ref=main": [{"name": "../../x"}],
}


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """An API with the listings above; the result holds the authorizations that were sent."""
    sent: list[str | None] = []

    def request(_: str, url: str, *, headers: dict[str, str], max_answer: int) -> Any:
        from rehearsal.agent.http_client import Answer  # noqa: PLC0415 - beside its one use

        assert max_answer > 0
        sent.append(headers.get("Authorization"))
        path = url.removeprefix("https://api.github.com/repos/o/r/contents/")
        if path not in GITHUB:
            return Answer(404, {}, b"")
        if headers["Accept"] == "application/vnd.github.raw+json":
            return Answer(200, {}, path.encode())
        return Answer(200, {}, json.dumps(GITHUB[path]).encode())

    monkeypatch.setattr("rehearsal.agent.plugins.github.request", request)
    return sent


@pytest.mark.usefixtures("github")
def test_a_folder_of_github(executor: Any, tmp_path: Any) -> None:
    source = {"owner": "o", "repository": "r", "path": "kit", "getOptions": "branch:main"}
    result = executor.steps(download("GitHub", source, str(tmp_path / "out")))[0]
    assert result.status == "Success", result.stderr
    assert (tmp_path / "out" / "a.sh").read_text() == "kit/a.sh?ref=main"
    assert (tmp_path / "out" / "sub" / "b c.txt").read_text() == "kit/sub/b%20c.txt?ref=main"


def test_a_file_of_github_with_a_token(
    executor: Any, tmp_path: Any, endpoint: Any, host_access: Any, github: list[str | None]
) -> None:
    endpoint.parameters = {"t": {"Name": "t", "Type": "SecureString", "Value": "tok", "Version": 1}}
    source = {"owner": "o", "repository": "r", "path": "kit/a.sh", "getOptions": "branch:main"}
    document = download("GitHub", {**source, "tokenInfo": "{{ssm-secure:t}}"}, f"{tmp_path}/out/")
    assert executor.steps(document, aws=host_access)[0].status == "Success"
    assert (tmp_path / "out" / "a.sh").exists()
    assert set(github) == {"Bearer tok"}


@pytest.mark.usefixtures("github")
@pytest.mark.parametrize(
    ("path", "message"), [("absent", "absent?ref=main answered 404"), ("evil", "a name that is not a file's")]
)
def test_what_github_does_not_have_fails_the_step(executor: Any, path: str, message: str) -> None:
    source = {"owner": "o", "repository": "r", "path": path, "getOptions": "branch:main"}
    result = executor.steps(download("GitHub", source, "kit/"))[0]
    assert (result.status, message in result.stderr) == ("Failed", True)
