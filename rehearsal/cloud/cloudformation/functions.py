"""CloudFormation's intrinsic functions, evaluated against what a stack has created so far."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any, Protocol

from moto.cloudformation.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.cloud.cloudformation.template import Template

PLACEHOLDER = re.compile(r"\$\{([^}!][^}]*)\}")
LITERAL = re.compile(r"\$\{!([^}]*)\}")


class NoValue:
    """What `Ref: AWS::NoValue` yields: the property around it is left out."""


NO_VALUE = NoValue()


class Referable(Protocol):
    """A resource that exists: what Ref and GetAtt yield of it."""

    @property
    def ref(self) -> Any: ...
    @property
    def attributes(self) -> Mapping[str, Any]: ...


class Resolver:
    """Evaluates the values of one template.

    `parameters` holds the values of parameters and pseudo parameters; `resources` grows while a stack is created.
    Raises moto's ValidationError with the service's wording.
    """

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, Any],
        resources: Mapping[str, Referable],
        exports: Mapping[str, Any] | None = None,
    ) -> None:
        self._template = template
        self._parameters = parameters
        self._resources = resources
        self._exports = exports or {}
        self._conditions: dict[str, bool] = {}

    def resolve(self, value: Any) -> Any:
        """Return `value` with every function evaluated; what resolves to no value is left out of maps and lists."""
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if function := _FUNCTIONS.get(key):
                return function(self, argument)
        resolved = {key: self.resolve(inner) for key, inner in value.items()}
        return {key: inner for key, inner in resolved.items() if inner is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Evaluate a condition of the template."""
        if name not in self._conditions:
            if name not in self._template.conditions:
                raise ValidationError(message=f"Template error: condition {name} is not defined")
            self._conditions[name] = self._truth(self._template.conditions[name])
        return self._conditions[name]

    def _truth(self, value: Any) -> bool:
        resolved = self.resolve(value)
        if not isinstance(resolved, bool) and str(resolved) not in ("true", "false"):
            raise ValidationError(message=f"Template error: {json.dumps(value)} does not evaluate to a boolean")
        return str(resolved).lower() == "true"

    def ref(self, name: str) -> Any:
        """Evaluate Ref: a parameter's value or a resource's identifier."""
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._parameters:
            return self._parameters[name]
        if name in self._resources:
            return self._resources[name].ref
        raise ValidationError(
            message=f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the"
            " template"
        )

    def get_att(self, argument: Any) -> Any:
        """Evaluate Fn::GetAtt, whose attribute may itself be a Ref."""
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        attribute = self.resolve(attribute)
        if name not in self._resources:
            raise ValidationError(
                message=f"Template error: instance of Fn::GetAtt references undefined resource {name}"
            )
        attributes = self._resources[name].attributes
        if attribute not in attributes:
            raise ValidationError(
                message=f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )
        return attributes[attribute]

    def _if(self, argument: Any) -> Any:
        name, yes, no = argument
        return self.resolve(yes if self.condition(name) else no)

    def _sub(self, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})
        values = {key: self.resolve(value) for key, value in given.items()}

        def replace(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in values:
                return _text(values[name])
            return _text(self.get_att(name) if "." in name and name not in self._parameters else self.ref(name))

        return LITERAL.sub(r"${\1}", PLACEHOLDER.sub(replace, text))

    def _join(self, argument: Any) -> str:
        separator, values = argument
        return str(separator).join(_text(value) for value in self.resolve(values))

    def _split(self, argument: Any) -> list[str]:
        separator, text = argument
        return str(self.resolve(text)).split(separator)

    def _select(self, argument: Any) -> Any:
        index, values = self.resolve(argument[0]), self.resolve(argument[1])
        try:
            return values[int(index)]
        except (IndexError, ValueError, TypeError) as error:
            text = f"Template error: Fn::Select cannot select nonexistent value at index {index}"
            raise ValidationError(message=text) from error

    def _find_in_map(self, argument: Any) -> Any:
        name, first, second = (self.resolve(part) for part in argument[:3])
        mapping = (self._template.content.get("Mappings") or {}).get(name, {})
        try:
            return mapping[str(first)][str(second)]
        except KeyError as error:
            if len(argument) > 3 and "DefaultValue" in argument[3]:  # noqa: PLR2004 - the optional fourth argument
                return self.resolve(argument[3]["DefaultValue"])
            text = f"Template error: Unable to get mapping for {name}::{first}::{second}"
            raise ValidationError(message=text) from error

    def _import_value(self, argument: Any) -> Any:
        name = self.resolve(argument)
        if name not in self._exports:
            raise ValidationError(message=f"No export named {name} found.")
        return self._exports[name]

    def _cidr(self, argument: Any) -> list[str]:
        block, count, bits = [*(self.resolve(part) for part in argument), 8][:3]
        network = ipaddress.ip_network(block)
        subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
        return [str(next(subnets)) for _ in range(int(count))]

    def _zones(self, argument: Any) -> list[str]:
        region = self.resolve(argument) or self._parameters["AWS::Region"]
        return [f"{region}{letter}" for letter in "abc"]

    def _equals(self, argument: Any) -> bool:
        left, right = self.resolve(argument)
        return _text(left) == _text(right)

    def _contains(self, argument: Any) -> bool:
        members, wanted = self.resolve(argument)
        return _text(wanted) in [_text(member) for member in members]

    def _each_member_in(self, argument: Any) -> bool:
        members, allowed = self.resolve(argument)
        return set(map(_text, members)) <= set(map(_text, allowed))

    def _each_member_equals(self, argument: Any) -> bool:
        members, wanted = self.resolve(argument)
        return all(_text(member) == _text(wanted) for member in members)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Ref": Resolver.ref,
    "Condition": Resolver.condition,
    "Fn::And": lambda resolver, argument: all(resolver._truth(each) for each in argument),  # noqa: SLF001 - its own table
    "Fn::Base64": lambda resolver, argument: base64.b64encode(_text(resolver.resolve(argument)).encode()).decode(),
    "Fn::Cidr": Resolver._cidr,  # noqa: SLF001
    "Fn::Contains": Resolver._contains,  # noqa: SLF001
    "Fn::EachMemberEquals": Resolver._each_member_equals,  # noqa: SLF001
    "Fn::EachMemberIn": Resolver._each_member_in,  # noqa: SLF001
    "Fn::Equals": Resolver._equals,  # noqa: SLF001
    "Fn::FindInMap": Resolver._find_in_map,  # noqa: SLF001
    "Fn::GetAZs": Resolver._zones,  # noqa: SLF001
    "Fn::GetAtt": Resolver.get_att,
    "Fn::If": Resolver._if,  # noqa: SLF001
    "Fn::ImportValue": Resolver._import_value,  # noqa: SLF001
    "Fn::Join": Resolver._join,  # noqa: SLF001
    "Fn::Length": lambda resolver, argument: len(resolver.resolve(argument)),
    "Fn::Not": lambda resolver, argument: not resolver._truth(argument[0]),  # noqa: SLF001
    "Fn::Or": lambda resolver, argument: any(resolver._truth(each) for each in argument),  # noqa: SLF001
    "Fn::Select": Resolver._select,  # noqa: SLF001
    "Fn::Split": Resolver._split,  # noqa: SLF001
    "Fn::Sub": Resolver._sub,  # noqa: SLF001
    "Fn::ToJsonString": lambda resolver, argument: json.dumps(resolver.resolve(argument), separators=(",", ":")),
}
