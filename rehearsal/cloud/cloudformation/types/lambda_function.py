"""AWS::Lambda::Function."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType, as_map

CONFIGURATION = (
    "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "Handler", "KmsKeyArn", "Layers",
    "LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig", "VpcConfig",
)  # fmt: skip
# What a property is again once a template no longer has it (Lambda API reference, CreateFunction).
DEFAULTS: dict[str, Any] = {
    "DeadLetterConfig": {"TargetArn": ""}, "Description": "", "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512}, "KmsKeyArn": "", "Layers": [], "MemorySize": 128, "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"}, "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
}  # fmt: skip
CODE = ("Architectures", "Code", "Runtime")


class Function(ResourceType):
    """A function; inline code becomes `index.py` or `index.js` in a package, as CloudFormation makes it."""

    type_name = "AWS::Lambda::Function"
    supported = frozenset(
        {*CONFIGURATION, "Architectures", "Code", "FunctionName", "PackageType", "ReservedConcurrentExecutions"}
    )
    in_place = frozenset({*CONFIGURATION, "Architectures", "Code", "ReservedConcurrentExecutions", "Tags"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the function."""
        client = context.client("lambda")
        same = (*CONFIGURATION, "Architectures", "PackageType")
        request: dict[str, Any] = {name: properties[name] for name in same if name in properties}
        answer = client.create_function(
            FunctionName=properties.get("FunctionName") or context.name(64),
            Code=_package(properties),
            Tags={tag["Key"]: tag["Value"] for tag in context.tags(properties)},
            **request,
        )
        made = Made(answer["FunctionName"], {"Arn": answer["FunctionArn"]})
        self._reserve(context, made, {}, properties)
        return made

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change code and configuration."""
        client, name = context.client("lambda"), made.physical_id
        if any(new.get(key) != old.get(key) for key in CODE):
            architectures = {"Architectures": new.get("Architectures", ["x86_64"])}
            client.update_function_code(FunctionName=name, **architectures, **_package(new))
        changed = {key: new[key] for key in CONFIGURATION if key in new and new[key] != old.get(key)}
        gone = {key: DEFAULTS[key] for key in DEFAULTS if key in old and key not in new}
        if changed or gone:
            client.update_function_configuration(FunctionName=name, **changed, **gone)
        self._reserve(context, made, old, new)
        arn = made.attributes["Arn"]
        context.retag(
            old,
            new,
            tag=lambda tags: client.tag_resource(Resource=arn, Tags=as_map(tags)),
            untag=lambda keys: client.untag_resource(Resource=arn, TagKeys=keys),
        )
        return made

    def _reserve(self, context: Context, made: Made, old: Properties, new: Properties) -> None:
        name = "ReservedConcurrentExecutions"
        if name in new:
            context.client("lambda").put_function_concurrency(FunctionName=made.physical_id, **{name: new[name]})
        elif name in old:
            context.client("lambda").delete_function_concurrency(FunctionName=made.physical_id)

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the function."""
        context.client("lambda").delete_function(FunctionName=made.physical_id)


def _package(properties: Properties) -> dict[str, Any]:
    code: dict[str, Any] = dict(properties["Code"])
    if "ZipFile" not in code:
        return code
    suffix = "js" if str(properties.get("Runtime", "")).startswith("nodejs") else "py"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed date lets the same source give the same package, and so the same CodeSha256.
        archive.writestr(zipfile.ZipInfo(f"index.{suffix}", (1980, 1, 1, 0, 0, 0)), code["ZipFile"])
    return {"ZipFile": packed.getvalue()}
