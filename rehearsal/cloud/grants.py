"""Whether a resource's own policy lets an AWS service use it: topics, queues, keys and functions.

An alarm that notifies, or a rule that invokes, has no credentials: the target's policy has to name the service.
Sources: EventBridge User Guide, "Using resource-based policies for Amazon EventBridge"; SNS Developer Guide, "Example
cases for Amazon SNS access control", "Enable compatibility between event sources from AWS services and encrypted
topics".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.iam.context import RequestContext
from rehearsal.cloud.iam.policy import Effect, evaluate_on_resource

if TYPE_CHECKING:
    from rehearsal.cloud.moto_door import MotoDoor
    from rehearsal.cloud.settings import CloudSettings

OWNER_MANAGED_KEYS = ("alias/aws/", "aws/")


class NotGrantedError(Exception):
    """A policy does not let the service in. The text names policy and action."""


class Grants:
    """Reads the policies from moto's backends."""

    def __init__(self, door: MotoDoor, settings: CloudSettings) -> None:
        self._door = door
        self._account_id = settings.account_id

    def require(self, service: str, action: str, resource_arn: str, source_arn: str) -> None:
        """Check that `service` (`events.amazonaws.com`) may do this for `source_arn`. Raises NotGrantedError."""
        document = self._policy(resource_arn)
        principal = {"Service": service}
        if action == "sns:Publish" and service == "cloudwatch.amazonaws.com":
            # Alarms publish in the name of the topic's owner: the policy that every topic starts with lets them.
            principal["AWS"] = service
        # In the policies of topics EventBridge meets no condition (EventBridge User Guide, "Amazon SNS permissions").
        is_bare = action == "sns:Publish" and service == "events.amazonaws.com"
        self._check(document, principal, action, resource_arn, "" if is_bare else source_arn)

    def require_key(self, service: str, key: str, region: str, source_arn: str) -> None:
        """Check that `service` may write to what is encrypted with this key. Raises NotGrantedError."""
        if not key:
            return
        if any(mark in key for mark in OWNER_MANAGED_KEYS):
            raise NotGrantedError(f"{key} is AWS's own key, whose policy does not let {service} use it: take your own")
        found = self._key(key, region)
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            self._check(str(found.policy), {"Service": service}, action, str(found.arn), source_arn)

    def _check(self, document: str, principal: dict[str, str], action: str, resource: str, source_arn: str) -> None:
        source = {"aws:sourcearn": source_arn, "aws:sourceaccount": self._account_id}
        source |= {"aws:sourceowner": self._account_id, "aws:securetransport": "true"}
        context = RequestContext(dict(source) if source_arn else {}, service=action.partition(":")[0])
        verdict = evaluate_on_resource(document, principal, action, resource, context)
        if verdict.effect is not Effect.ALLOW:
            raise NotGrantedError(f"the policy of {resource} does not let {principal['Service']} perform {action}")

    def _policy(self, arn: str) -> str:
        service, region, name = arn.split(":")[2], arn.split(":")[3], arn.split(":", 5)[5]
        backend = self._door.backend(service, region)
        if service == "sns":
            return str(backend.get_topic(arn).policy)
        if service == "sqs":
            return str(backend.get_queue(name).policy or "{}")
        # moto keeps each statement for `ARN:$LATEST` without that end, so with a colon at the end.
        statements = [
            {**each, "Resource": str(each["Resource"]).rstrip(":")}
            for each in backend.get_function(arn).policy.statements
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    def _key(self, key: str, region: str) -> Any:
        kms = self._door.backend("kms", region)
        try:
            return kms.keys[kms.any_id_to_key_id(key)]
        except KeyError:
            raise NotGrantedError(f"the key {key} does not exist") from None
