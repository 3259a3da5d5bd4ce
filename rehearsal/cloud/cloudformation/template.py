"""Reads a CloudFormation template and refuses what the service refuses before it touches anything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from moto.cloudformation.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BODY_LIMIT = 51_200  # bytes that TemplateBody may have (CloudFormation quotas)
SECTIONS = frozenset(
    {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions",
     "Transform", "Resources", "Outputs"}
)  # fmt: skip
# Changes what begins with AWS::Serverless and the section Globals alone, neither of which this endpoint takes: a
# template without them, like that of the bucket which the SAM CLI makes for itself, is the same before and after.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-aws-serverless.html
SERVERLESS_TRANSFORM = "AWS::Serverless-2016-10-31"
PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


class _Loader(yaml.SafeLoader):
    """YAML as CloudFormation takes it: short forms of functions, no timestamps, no aliases."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise ValidationError(message="Template error: YAML aliases are not allowed in CloudFormation templates")
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _construct_function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third and last kind of node
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    return {name: value}


_Loader.add_multi_constructor("!", _construct_function)


@dataclass(frozen=True)
class Template:
    """A template's text and its parsed content."""

    text: str
    content: Mapping[str, Any]

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the Resources section."""
        return self._section("Resources")

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the Parameters section."""
        return self._section("Parameters")

    @property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the Outputs section."""
        return self._section("Outputs")

    @property
    def conditions(self) -> Mapping[str, Any]:
        """Return the Conditions section."""
        return self._section("Conditions")

    @property
    def description(self) -> str | None:
        """Return the template's description."""
        return self.content.get("Description")

    def _section(self, name: str) -> Mapping[str, Any]:
        section: Mapping[str, Any] = self.content.get(name) or {}
        return section


EMPTY = Template("", {})


def parse_template(text: str, known_types: frozenset[str]) -> Template:
    """Parse and check a template; raises moto's ValidationError with the service's wording."""
    content = _load(text)
    _check_shape(content)
    template = Template(text, content)
    _check_types(template, known_types)
    _check_references(template)
    return template


def _load(text: str) -> dict[str, Any]:
    stripped = text.lstrip()
    try:
        content = json.loads(stripped) if stripped.startswith("{") else yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except json.JSONDecodeError as error:
        raise _format_error(f"JSON not well-formed. (line {error.lineno}, column {error.colno})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise _format_error(f"YAML not well-formed.{where}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _format_error("YAML not well-formed.") from error
    if not isinstance(content, dict):
        raise _format_error("unsupported structure.")
    return content


def _check_shape(content: Mapping[str, Any]) -> None:
    if unknown := sorted(set(content) - SECTIONS, key=str):
        raise ValidationError(message=f"Invalid template property or properties [{', '.join(map(str, unknown))}]")
    for section in SECTIONS - {"AWSTemplateFormatVersion", "Description", "Transform", "Metadata"}:
        if section in content and not isinstance(content[section], dict):
            raise _format_error(f"{section} must be a map of logical names.")  # the service's texts differ by section
    if content.get("Transform") not in (None, [], SERVERLESS_TRANSFORM, [SERVERLESS_TRANSFORM]):
        raise ValidationError(message=f"Transforms are not part of this endpoint: {content['Transform']}")
    if not content.get("Resources"):
        raise _format_error("At least one Resources member must be defined.")
    for name, resource in content["Resources"].items():
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            raise _format_error(f"[/Resources/{name}] Every Resources object must contain a Type member.")
        if not str(name).isalnum():
            raise _format_error(f"Resource name {name} is non alphanumeric.")
    for name, parameter in (content.get("Parameters") or {}).items():
        if not isinstance(parameter, dict) or not isinstance(parameter.get("Type"), str):
            raise _format_error(f"Every Parameters object must contain a Type member. [{name}]")


def _check_types(template: Template, known_types: frozenset[str]) -> None:
    used = {resource["Type"] for resource in template.resources.values()}
    if unknown := sorted(used - known_types):
        raise _format_error(f"Unrecognized resource types: [{', '.join(unknown)}]")


def _check_references(template: Template) -> None:
    parameters = set(template.parameters) | PSEUDO_PARAMETERS
    for section, entries in (("Resources", template.resources), ("Outputs", template.outputs)):
        missing = sorted(
            {name for entry in entries.values() for name in references(entry)} - parameters - set(template.resources)
        )
        if missing:
            raise _format_error(
                f"Unresolved resource dependencies [{', '.join(missing)}] in the {section} block of the template"
            )
    undefined = sorted(set(_conditions_used(template.content)) - set(template.conditions))
    if undefined:
        raise _format_error(f"Unresolved condition dependency {undefined[0]} in the Resources block of the template")


def references(value: Any) -> Iterator[str]:
    """Yield the logical names that a part of a template refers to: Ref, GetAtt, Sub and DependsOn."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "Ref" and isinstance(inner, str) and len(value) == 1:
            yield inner
        elif key == "Fn::GetAtt" and len(value) == 1:
            yield str(inner.split(".")[0] if isinstance(inner, str) else inner[0])
        elif key == "Fn::Sub":
            yield from _sub_references(inner)
        elif key == "DependsOn" and "Type" in value:
            yield from [inner] if isinstance(inner, str) else inner
        else:
            yield from references(inner)


def _sub_references(argument: Any) -> Iterator[str]:
    from rehearsal.cloud.cloudformation.functions import PLACEHOLDER  # noqa: PLC0415 - they need each other

    text, given = argument if isinstance(argument, list) else (argument, {})
    yield from references(given)
    for name in PLACEHOLDER.findall(text):
        if name.strip() not in given:
            yield name.strip().split(".")[0]


def _conditions_used(content: Mapping[str, Any]) -> Iterator[str]:
    for section in ("Resources", "Outputs"):
        for entry in (content.get(section) or {}).values():
            if isinstance(entry.get("Condition"), str):
                yield entry["Condition"]
            yield from _if_conditions(entry)


def _if_conditions(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _if_conditions(each)
    elif isinstance(value, dict):
        if "Fn::If" in value:
            yield value["Fn::If"][0]
        for inner in value.values():
            yield from _if_conditions(inner)


def _format_error(text: str) -> ValidationError:
    return ValidationError(message=f"Template format error: {text}")
