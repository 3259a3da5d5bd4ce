"""AWS::Lambda::EventInvokeConfig."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.errors import ResourceFailed
from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

SAME = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")


class EventInvokeConfig(ResourceType):
    """How often, and for how long, an event that a function has failed on is tried again."""

    type_name = "AWS::Lambda::EventInvokeConfig"
    supported = frozenset({*SAME, "FunctionName", "Qualifier"})
    in_place = frozenset(SAME)

    def create(self, context: Context, properties: Properties) -> Made:
        """Set it; a function has one for each of its versions and aliases."""
        if (qualifier := properties["Qualifier"]) != "$LATEST":
            raise ResourceFailed(f"Qualifier {qualifier}: the rehearsal runs $LATEST only, no versions and no aliases")
        self._put(context, properties)
        return Made(f"{properties['FunctionName']}|{qualifier}")

    def update(self, context: Context, made: Made, old: Properties, new: Properties) -> Made:  # noqa: ARG002 - as inherited
        """Set all of it anew: what the template no longer has is as Lambda has it by itself."""
        self._put(context, new)
        return made

    def delete(self, context: Context, made: Made, properties: Properties) -> None:  # noqa: ARG002 - as inherited
        """Let Lambda do as it does by itself."""
        context.client("lambda").delete_function_event_invoke_config(FunctionName=properties["FunctionName"])

    @staticmethod
    def _put(context: Context, properties: Properties) -> None:
        request = {name: properties[name] for name in SAME if name in properties}
        context.client("lambda").put_function_event_invoke_config(FunctionName=properties["FunctionName"], **request)
