"""scripts/render.py: what it splices, pins and refuses."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from awscli.customizations.cloudformation.yamlhelper import yaml_dump

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def template(render: ModuleType) -> dict[str, Any]:
    rendered: dict[str, Any] = render.render(ROOT)
    return rendered


def documents(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    resources = template["Resources"]
    return {key: body for key, body in resources.items() if body["Type"] == "AWS::SSM::Document"}


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copy_of_the_library(folder: Path) -> Path:
    shutil.copytree(ROOT / "ssm_documents", folder / "ssm_documents")
    shutil.copytree(ROOT / "cloudformation", folder / "cloudformation")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copytree(ROOT / "lambda", folder / "lambda", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".git").mkdir()
    return folder


def test_the_same_sources_give_the_same_bytes(render: ModuleType, tmp_path: Path) -> None:
    for name in ("one", "two"):
        render.write(render.render(ROOT), render.packages(ROOT), tmp_path / name)
    first, second = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    )
    assert first == second
    assert {Path("operations.yaml"), Path("lambda/health.zip")} <= set(first)


def test_every_document_is_deployed_as_a_new_version_of_itself(template: dict[str, Any]) -> None:
    rendered = documents(template)
    assert len(rendered) == len(list((ROOT / "ssm_documents").glob("*/FlaskOps-*.yaml")))
    for body in rendered.values():
        properties = body["Properties"]
        assert properties["UpdateMethod"] == "NewVersion"
        assert properties["DocumentFormat"] == "YAML"
        assert isinstance(properties["Content"], dict)
        assert "VersionName" not in properties
        assert len(json.dumps(properties["Content"]).encode()) <= 64 * 1024


def test_at_most_five_documents_are_created_at_a_time(template: dict[str, Any]) -> None:
    rendered = documents(template)
    free = [key for key, body in rendered.items() if "DependsOn" not in body]
    waited_for = [body["DependsOn"] for body in rendered.values() if "DependsOn" in body]
    assert len(free) == 5
    assert len(waited_for) == len(set(waited_for)), "five chains, none of which forks"


def test_each_runbook_runs_as_the_role_that_the_metadata_names(template: dict[str, Any]) -> None:
    roles = {name: role for role, names in template["Metadata"]["Library"]["Roles"].items() for name in names}
    for body in documents(template).values():
        properties = body["Properties"]
        if properties["DocumentType"] == "Automation":
            parameter = properties["Content"]["parameters"]["AutomationAssumeRole"]
            assert parameter["default"] == {"Fn::GetAtt": [roles[properties["Name"]], "Arn"]}


def test_calls_are_pinned_and_undos_are_not(template: dict[str, Any]) -> None:
    content = template["Resources"]["DocumentRotateDatabaseCredentials"]["Properties"]["Content"]
    steps = {step["name"]: step for step in content["mainSteps"]}
    assert steps["addPassword"]["inputs"]["DocumentHash"] == "{{ findStack.HashOfSetDatabasePassword }}"
    assert steps["addPassword"]["inputs"]["DocumentHashType"] == "Sha256"
    assert "DocumentHash" not in steps["undoPassword"]["inputs"]
    outputs = {output["Name"]: output["Selector"] for output in steps["findStack"]["outputs"]}
    assert outputs["HashOfSetDatabasePassword"] == "$.Payload.Hashes.SetDatabasePassword"
    assert "FlaskOps-SetDatabasePassword" in steps["findStack"]["inputs"]["InputPayload"]["Documents"]
    bootstrap = template["Resources"]["DocumentBootstrapStack"]["Properties"]["Content"]
    verify = next(step for step in bootstrap["mainSteps"] if step["name"] == "verify")
    assert verify["inputs"]["DocumentVersion"] == "{{ findStack.VersionOfVerifyStack }}"


def test_the_rendered_template_reads_back_as_what_was_rendered(
    render: ModuleType, template: dict[str, Any], tmp_path: Path
) -> None:
    render.write(template, {}, tmp_path)
    assert yaml.safe_load((tmp_path / "operations.yaml").read_text(encoding="utf-8")) == template


def test_a_template_near_cloudformations_limit_is_refused_before_anything_is_written(
    render: ModuleType, tmp_path: Path
) -> None:
    others = len("Resources: {}\nDescription: \n")
    fitting: dict[str, Any] = {"Resources": {}, "Description": "x" * (950_000 - others)}
    assert len(render.template_text(fitting).encode()) == 950_000
    grown = {**fitting, "Description": fitting["Description"] + "x"}
    with pytest.raises(render.RenderError, match=r"operations\.yaml: 950,001 bytes .* takes 1,000,000, .*Shorten"):
        render.write(grown, {"lambda/health.zip": b""}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_packaged_of_the_largest_template_fits(render: ModuleType, template: dict[str, Any]) -> None:
    """The README's `aws cloudformation package` writes it anew as YAML, and that is what CloudFormation gets."""
    growth = len(yaml_dump(template).encode()) / len(render.template_text(template).encode())
    assert growth * (render.TEMPLATE_LIMIT - render.TEMPLATE_RESERVE) < render.TEMPLATE_LIMIT


def test_a_document_that_was_removed_leaves_the_build(
    render: ModuleType, template: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "documents").mkdir()
    stale = tmp_path / "documents" / "FlaskOps-Gone.json"
    stale.write_text("{}", encoding="utf-8")
    render.write(template, {}, tmp_path)
    assert not stale.exists()


def test_a_function_is_packaged_with_its_sources_alone(
    render: ModuleType, template: dict[str, Any], tmp_path: Path
) -> None:
    root = copy_of_the_library(tmp_path)
    (root / "lambda" / "health" / "__pycache__").mkdir()
    (root / "lambda" / "health" / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"compiled")
    (root / "lambda" / "health" / "handler.py").touch()
    assert render.packages(root) == render.packages(ROOT)
    assert template["Resources"]["HealthFunction"]["Properties"]["Code"] == "lambda/health.zip"
    with zipfile.ZipFile(io.BytesIO(render.packages(ROOT)["lambda/health.zip"])) as archive:
        assert archive.read("handler.py") == (ROOT / "lambda" / "health" / "handler.py").read_bytes()
        assert set(archive.namelist()) == {path.name for path in (ROOT / "lambda" / "health").glob("*.py")}


def test_a_runbook_without_a_role_is_refused_by_name(tmp_path: Path) -> None:
    root = copy_of_the_library(tmp_path)
    source = root / "cloudformation" / "operations.yaml"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("        - FlaskOps-RestartNginx\n", ""), encoding="utf-8")
    ended = run_render(root)
    assert ended.returncode == 1
    assert "FlaskOps-RestartNginx" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_missing_script_is_named_with_the_document_that_wants_it(tmp_path: Path) -> None:
    root = copy_of_the_library(tmp_path)
    (root / "ssm_documents" / "scripts" / "restart_nginx.sh").unlink()
    ended = run_render(root)
    assert ended.returncode == 1
    assert "restart_nginx.sh" in ended.stderr
    assert "FlaskOps-RestartNginxOnHost" in ended.stderr
    assert "Traceback" not in ended.stderr


def run_render(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "render.py"), "--root", str(root)]
    return subprocess.run(command, check=False, capture_output=True, text=True)
