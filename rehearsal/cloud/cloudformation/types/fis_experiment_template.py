"""AWS::FIS::ExperimentTemplate."""

from __future__ import annotations

from typing import Any

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType, as_map

# Maps whose keys are the author's own names, which stay as they are.
FREE_KEYS = frozenset({"Targets", "Actions", "Parameters", "ResourceTags"})


class ExperimentTemplate(ResourceType):
    """A FIS experiment template."""

    type_name = "AWS::FIS::ExperimentTemplate"
    in_place = frozenset(
        {
            "Actions",
            "Description",
            "ExperimentOptions",
            "LogConfiguration",
            "RoleArn",
            "StopConditions",
            "Tags",
            "Targets",
        }
    )

    def create(self, context: Context, properties: Properties) -> Made:
        """Create the template."""
        request = _lower({key: value for key, value in properties.items() if key != "Tags"})
        request["tags"] = {tag["Key"]: tag["Value"] for tag in context.tags(properties)}
        answer = context.client("fis").create_experiment_template(clientToken=context.name(64), **request)
        template_id = answer["experimentTemplate"]["id"]
        return Made(template_id, {"Id": template_id})

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:
        """Change the template and its tags."""
        fis = context.client("fis")
        request = _lower({key: value for key, value in new.items() if key != "Tags"})
        fis.update_experiment_template(id=made.physical_id, **request)
        arn = f"arn:aws:fis:{context.region}:{context.account_id}:experiment-template/{made.physical_id}"
        context.retag(
            old,
            new,
            tag=lambda tags: fis.tag_resource(resourceArn=arn, tags=as_map(tags)),
            untag=lambda keys: fis.untag_resource(resourceArn=arn, tagKeys=keys),
        )
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Delete the template."""
        context.client("fis").delete_experiment_template(id=made.physical_id)


def _lower(value: Any) -> Any:
    """Return a structure with the API's lower-case member names."""
    if isinstance(value, list):
        return [_lower(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name[0].lower() + name[1:]: {key: _lower(inner) for key, inner in each.items()}
        if name in FREE_KEYS and isinstance(each, dict)
        else _lower(each)
        for name, each in value.items()
    }
