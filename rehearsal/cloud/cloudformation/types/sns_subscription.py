"""AWS::SNS::Subscription."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rehearsal.cloud.cloudformation.api_type import ApiType

if TYPE_CHECKING:
    from rehearsal.cloud.cloudformation.resource_type import Context, Properties

ATTRIBUTES = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")


class Subscription(ApiType):
    """A subscription to a topic."""

    type_name = "AWS::SNS::Subscription"
    supported = frozenset({*ATTRIBUTES, "Endpoint", "Protocol", "TopicArn", "Region"})
    service = "sns"
    create_operation = "subscribe"
    identifier = "SubscriptionArn"
    attributes = "{Arn: SubscriptionArn}"
    delete_operation = "unsubscribe"
    delete_argument = "SubscriptionArn"

    def request(self, context: Context, properties: Properties) -> dict[str, object]:  # noqa: ARG002 - as inherited
        """Gather what Subscribe takes as attributes."""
        attributes = {
            name: value if isinstance(value := properties[name], str) else json.dumps(value)
            for name in ATTRIBUTES
            if name in properties
        }
        same: Properties = {
            name: properties[name] for name in ("Endpoint", "Protocol", "TopicArn") if name in properties
        }
        return {**same, "Attributes": attributes, "ReturnSubscriptionArn": True}

    def replaces(self, changed: frozenset[str], old: Properties, new: Properties) -> bool:  # noqa: ARG002 - as inherited
        """Subscribe anew whatever changes."""
        return True
