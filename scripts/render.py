"""Makes what is deployed out of what is edited: documents + scripts + cloudformation/operations.yaml → build/.

    python scripts/render.py [--root FOLDER] [--output FOLDER]

Writes `operations.yaml` (the operations stack with every document in it), `documents/<name>.json` (each document as it
is deployed, for tools that take documents) and `lambda/<name>.zip` (the functions' packages, which `aws cloudformation
package` and `sam deploy` upload). The same sources give the same bytes, so that what did not change is not deployed
again. On the way it
- resolves `!file`, so that a document holds its scripts;
- makes the role that the template's `Metadata: Library: Roles` names the default of a runbook's AutomationAssumeRole;
- pins the documents that a runbook calls: its first step (`findStack`) looks up their hashes and versions at the start,
  and each call names them (docs/decisions/0006-pinned-documents.md).

Exits 1 with the file and the reason when a source cannot be rendered.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import zipfile
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from rehearsal.documents import DocumentError, load_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "FlaskOps-"
PINNING_STEP = "findStack"
# An undo has to run even when the library has changed since the start: it takes the newest document.
UNPINNED_STEPS = "undo"
CREATED_AT_A_TIME = 5
TYPES = {"automation": "Automation", "command": "Command", "session": "Session"}
TARGETS = {"Automation": "/AWS::CloudFormation::Stack", "Command": "/AWS::EC2::Instance"}
CONTENT_LIMIT = 64 * 1024
# The quota is 1 MB for a template in S3; what is refused is told to exceed 1000000 bytes. Tools that package a template
# write it anew, with other line breaks and indentation: as YAML it grows by 2 %.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
TEMPLATE_LIMIT, TEMPLATE_RESERVE = 1_000_000, 50_000  # bytes
PACKAGES = "lambda"
PACKAGE_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file knows: a package has no date of its own


class RenderError(Exception):
    """A source that cannot be rendered; the text names it and says why."""


@dataclass(frozen=True)
class Source:
    """One document of the library: its name, DocumentType and content with scripts included."""

    name: str
    kind: str
    content: dict[str, Any]


def load_library(root: Path) -> list[Source]:
    """Read every document under ssm_documents/, in the order of type and name."""
    sources = []
    for folder, kind in TYPES.items():
        for path in sorted((root / "ssm_documents" / folder).glob("*.yaml")):
            document = load_document(path)
            if not document.name.startswith(PREFIX):
                raise RenderError(f"{path}: a document's name starts with {PREFIX}")
            sources.append(Source(document.name, kind, document.content))
    return sources


def render(root: Path) -> dict[str, Any]:
    """Give the operations template, in long form, with every document as a resource."""
    template_path = root / "cloudformation" / "operations.yaml"
    template: dict[str, Any] = load_template(template_path)
    roles = roles_by_document(template, template_path)
    library = load_library(root)
    kinds = {source.name: source.kind for source in library}
    runbooks = {name for name, kind in kinds.items() if kind == "Automation"}
    if runbooks != set(roles):
        differing = ", ".join(sorted(runbooks ^ set(roles)))
        raise RenderError(f"{template_path}: Metadata.Library.Roles has to name each runbook; differing: {differing}")
    identifiers: list[str] = []
    for source in library:
        content = pin(source, kinds) if source.kind == "Automation" else source.content
        if source.name in roles:
            content = with_role(source.name, content, roles[source.name])
        identifier = logical_id(source.name)
        template["Resources"][identifier] = resource(source, content, identifiers[-CREATED_AT_A_TIME:])
        identifiers.append(identifier)
    for function in functions(template):
        function["Code"] = package_path(function["Code"])
    return template


def functions(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk the properties of functions whose code is a path."""
    for body in template["Resources"].values():
        if body["Type"] == "AWS::Lambda::Function" and isinstance(body["Properties"]["Code"], str):
            yield body["Properties"]


def packages(root: Path) -> dict[str, bytes]:
    """Make the functions' packages, by their path in the build folder: Python sources alone, ordered, without dates.

    Stored, not compressed: compressing gives other bytes with another release of zlib.
    """
    template_path = root / "cloudformation" / "operations.yaml"
    made = {}
    for function in functions(load_template(template_path)):
        source = (template_path.parent / function["Code"]).resolve()
        modules = sorted(source.glob("*.py"))
        if not modules:
            raise RenderError(f"{template_path}: the function's Code {function['Code']} has no Python in it")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for module in modules:
                entry = zipfile.ZipInfo(module.name, PACKAGE_DATE)
                entry.external_attr = 0o100644 << 16  # a regular file that everybody may read
                archive.writestr(entry, module.read_bytes())
        made[package_path(function["Code"])] = packed.getvalue()
    return made


def package_path(code: str) -> str:
    return f"{PACKAGES}/{Path(code).name}.zip"


def resource(source: Source, content: dict[str, Any], earlier: list[str]) -> dict[str, Any]:
    """Make the CloudFormation resource; `earlier` are the documents before it, of which the first is waited for."""
    size = len(json.dumps(content).encode())
    if size > CONTENT_LIMIT:
        raise RenderError(f"{source.name}: {size} bytes with its scripts; Systems Manager takes {CONTENT_LIMIT}")
    body: dict[str, Any] = {"Type": "AWS::SSM::Document"}
    # Many documents at once are throttled: each waits for the one five places before it.
    if len(earlier) == CREATED_AT_A_TIME:
        body["DependsOn"] = earlier[0]
    properties: dict[str, Any] = {"Name": source.name, "DocumentType": source.kind, "DocumentFormat": "YAML"}
    properties["UpdateMethod"] = "NewVersion"
    if source.kind in TARGETS:
        properties["TargetType"] = TARGETS[source.kind]
    properties["Content"] = content
    properties["Tags"] = [{"Key": "FlaskOps:Library", "Value": {"Ref": "AWS::StackName"}}]
    return {**body, "Properties": properties}


def pin(source: Source, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Let the runbook's calls name the hash (commands) or version (automations) that its first step looks up."""
    content = deepcopy(source.content)
    calls = [
        step
        for step in all_steps(content["mainSteps"])
        if step["inputs"].get("DocumentName") in kinds and not step["name"].startswith(UNPINNED_STEPS)
    ]
    if not calls:
        return content
    first = content["mainSteps"][0]
    if first["name"] != PINNING_STEP:
        raise RenderError(f"{source.name}: it calls documents, so its first step has to be {PINNING_STEP}")
    called = sorted({step["inputs"]["DocumentName"] for step in calls})
    first["inputs"]["InputPayload"]["Documents"] = called
    for name in called:
        part = "Hashes" if kinds[name] == "Command" else "Versions"
        output = {"Name": pin_name(name, part), "Selector": f"$.Payload.{part}.{short(name)}", "Type": "String"}
        first.setdefault("outputs", []).append(output)
    for step in calls:
        name = step["inputs"]["DocumentName"]
        if kinds[name] == "Command":
            step["inputs"]["DocumentHash"] = reference(pin_name(name, "Hashes"))
            step["inputs"]["DocumentHashType"] = "Sha256"
        else:
            step["inputs"]["DocumentVersion"] = reference(pin_name(name, "Versions"))
    return content


def all_steps(steps: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Walk the steps, those inside loops too."""
    for step in steps:
        yield step
        inner = step["inputs"].get("Steps")
        if isinstance(inner, list):
            yield from all_steps(inner)


def with_role(name: str, content: dict[str, Any], role: str) -> dict[str, Any]:
    """Make the role the default of the runbook's parameter AutomationAssumeRole."""
    parameter = content.get("parameters", {}).get("AutomationAssumeRole")
    if parameter is None:
        raise RenderError(f"{name}: a runbook has the parameter AutomationAssumeRole")
    changed = deepcopy(content)
    changed["parameters"]["AutomationAssumeRole"] = {**parameter, "default": {"Fn::GetAtt": [role, "Arn"]}}
    return changed


def roles_by_document(template: Mapping[str, Any], path: Path) -> dict[str, str]:
    """Turn Metadata.Library.Roles (role to documents) round; each document has one role, and each role exists."""
    roles: dict[str, str] = {}
    for role, names in template["Metadata"]["Library"]["Roles"].items():
        if role not in template["Resources"]:
            raise RenderError(f"{path}: Metadata.Library.Roles names {role}, which is no resource of the template")
        for name in names:
            if name in roles:
                raise RenderError(f"{path}: {name} has two roles, {roles[name]} and {role}")
            roles[name] = role
    return roles


def short(name: str) -> str:
    return name.removeprefix(PREFIX)


def logical_id(name: str) -> str:
    return "Document" + short(name).replace("-", "")


def pin_name(name: str, part: str) -> str:
    return {"Hashes": "HashOf", "Versions": "VersionOf"}[part] + short(name)


def reference(output: str) -> str:
    return "{{ " + f"{PINNING_STEP}.{output}" + " }}"


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short-form functions as their long forms."""


def _long_form(loader: TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type] # the third kind of node there is
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


TemplateLoader.add_multi_constructor("!", _long_form)


class TemplateDumper(yaml.SafeDumper):
    """Writes scripts as literal blocks, and nothing as an alias, which CloudFormation does not take."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: TemplateDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


TemplateDumper.add_representer(str, _text)


def load_template(path: Path) -> dict[str, Any]:
    loader = TemplateLoader(path.read_text(encoding="utf-8"))
    try:
        template: dict[str, Any] = loader.get_single_data()
    finally:
        loader.dispose()
    return template


def template_text(template: dict[str, Any]) -> str:
    """Write the template as YAML; raise RenderError well before CloudFormation would refuse it for its size."""
    text: str = yaml.dump(template, Dumper=TemplateDumper, sort_keys=False, width=1_000_000, allow_unicode=True)
    size, limit = len(text.encode()), TEMPLATE_LIMIT - TEMPLATE_RESERVE
    if size > limit:
        raise RenderError(
            f"operations.yaml: {size:,} bytes with its documents. CloudFormation takes {TEMPLATE_LIMIT:,}, of which "
            f"{TEMPLATE_RESERVE:,} are kept free for what packaging adds. Shorten the documents' scripts, or move some "
            "documents into a template and stack of their own."
        )
    return text


def write(template: dict[str, Any], packed: Mapping[str, bytes], output: Path) -> None:
    """Write the build folder; documents that are no longer rendered leave it."""
    text = template_text(template)
    for name, package in packed.items():
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_bytes(package)
    documents = output / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    (output / "operations.yaml").write_text(text, encoding="utf-8")
    names = set()
    for body in template["Resources"].values():
        if body["Type"] == "AWS::SSM::Document":
            properties = body["Properties"]
            names.add(f"{properties['Name']}.json")
            path = documents / f"{properties['Name']}.json"
            path.write_text(json.dumps(properties["Content"], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for stale in documents.glob("*.json"):
        if stale.name not in names:
            stale.unlink()


def main() -> int:
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description="Render the library into what is deployed.")
    parser.add_argument("--root", type=Path, default=root, help="the repository (default: the one of this script)")
    parser.add_argument("--output", type=Path, help="where to write (default: build/ of the repository)")
    options = parser.parse_args()
    output = options.output or options.root / "build"
    try:
        template = render(options.root)
        write(template, packages(options.root), output)
    except (RenderError, DocumentError, OSError, yaml.YAMLError) as error:
        print(f"render: {error}", file=sys.stderr)
        return 1
    count = sum(body["Type"] == "AWS::SSM::Document" for body in template["Resources"].values())
    print(f"rendered {count} documents into {output / 'operations.yaml'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
