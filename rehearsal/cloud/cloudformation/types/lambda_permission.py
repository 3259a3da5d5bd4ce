"""AWS::Lambda::Permission."""

from __future__ import annotations

from rehearsal.cloud.cloudformation.resource_type import Context, Made, Properties, ResourceType

SAME = ("Action", "EventSourceToken", "FunctionName", "FunctionUrlAuthType", "Principal", "SourceAccount", "SourceArn")


class Permission(ResourceType):
    """A statement in a function's policy: who may invoke it."""

    type_name = "AWS::Lambda::Permission"
    supported = frozenset({*SAME, "PrincipalOrgID"})

    def create(self, context: Context, properties: Properties) -> Made:
        """Add the statement."""
        statement = context.name(100)
        request = {name: properties[name] for name in SAME if name in properties}
        context.client("lambda").add_permission(StatementId=statement, **request)
        return Made(statement, {"Id": statement})

    def delete(self, context: Context, made: Made, properties: Properties) -> None:
        """Remove the statement."""
        context.client("lambda").remove_permission(
            FunctionName=properties["FunctionName"], StatementId=made.physical_id
        )
