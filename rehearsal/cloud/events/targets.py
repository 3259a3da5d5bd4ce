"""Delivers an event to a target of a rule.

Sources: EventBridge User Guide, "Amazon EventBridge bus targets" and "Using resource-based policies" (functions, topics
and queues are used with the permission of their own policies, or with the target's role where one is given; automations
with the role alone), "Systems Manager Automation" (the input is the runbook's parameters).
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.deliveries import DeliveryError
from rehearsal.cloud.role_clients import RoleNotAssumableError

if TYPE_CHECKING:
    from rehearsal.cloud.deliveries import Delivery
    from rehearsal.cloud.services import Services

SERVICE = "events.amazonaws.com"
AUTOMATION = ":automation-definition/"
KINDS = {"lambda": "lambda:InvokeFunction", "sns": "sns:Publish", "sqs": "sqs:SendMessage"}


def check_target(arn: str) -> str:
    """Return what is wrong with a target of a rule, or nothing."""
    service = (arn.split(":") + [""] * 3)[2]
    if service in KINDS or AUTOMATION in arn or (service == "logs" and ":log-group:" in arn):
        return ""
    return (
        f"{arn} is no target that rules of this endpoint can have: functions, topics, queues, log groups, automations."
    )


def deliver(services: Services, region: str, delivery: Delivery) -> None:
    """Deliver. Raises DeliveryError, NotGrantedError, or what boto3 raises."""
    arn = str(delivery.target["Arn"])
    service = arn.split(":")[2]
    if AUTOMATION in arn:
        _start_automation(services, region, delivery)
        return
    try:
        if service == "logs":
            _log(services, region, arn, delivery.body)
        elif delivery.target.get("RoleArn"):
            _with_role(services, region, delivery, service)
        else:
            services.grants.require(SERVICE, KINDS[service], arn, delivery.source_arn)
            _with_policy(services, arn, delivery, service)
    except (ServiceException, HTTPException) as error:
        code = str(getattr(error, "code", "") or type(error).__name__)
        raise DeliveryError(code, str(getattr(error, "message", "") or error)) from error


def _with_policy(services: Services, arn: str, delivery: Delivery, service: str) -> None:
    """Use the target in EventBridge's own name: its policy has been asked."""
    region, name = arn.split(":")[3], arn.rsplit(":", 1)[1]
    backend = services.door.backend(service, region)
    if service == "lambda":
        backend.enqueue(arn, None, delivery.body.encode())
    elif service == "sns":
        services.grants.require_key(SERVICE, backend.get_topic(arn).kms_master_key_id, region, delivery.source_arn)
        backend.publish(delivery.body, arn=arn)
    else:
        queue = backend.get_queue(name)
        services.grants.require_key(SERVICE, str(queue.kms_master_key_id or ""), region, delivery.source_arn)
        group = (delivery.target.get("SqsParameters") or {}).get("MessageGroupId")
        backend.send_message(name, delivery.body, group_id=group)


def _with_role(services: Services, region: str, delivery: Delivery, service: str) -> None:
    client, arn = _client(services, region, delivery, service), str(delivery.target["Arn"])
    if service == "lambda":
        client.invoke(FunctionName=arn, InvocationType="Event", Payload=delivery.body.encode())
    elif service == "sns":
        client.publish(TopicArn=arn, Message=delivery.body)
    else:
        client.send_message(QueueUrl=services.queue_url(arn), MessageBody=delivery.body)


def _start_automation(services: Services, region: str, delivery: Delivery) -> None:
    """Start a runbook; the input, where the rule has one, is its parameters."""
    name, _, version = str(delivery.target["Arn"]).partition(AUTOMATION)[2].partition(":")
    is_given = any(key in delivery.target for key in ("Input", "InputPath", "InputTransformer"))
    try:
        given = json.loads(delivery.body) if is_given else {}
    except ValueError as error:
        raise DeliveryError("InvalidInput", f"the input for {name} is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise DeliveryError("InvalidInput", f"the input for {name} is no object of its parameters")
    parameters = {
        key: [str(v) for v in value] if isinstance(value, list) else [_text(value)] for key, value in given.items()
    }
    request: dict[str, Any] = {"DocumentName": name}
    if version:
        request["DocumentVersion"] = version
    if parameters:
        request["Parameters"] = parameters
    _client(services, region, delivery, "ssm").start_automation_execution(**request)


def _client(services: Services, region: str, delivery: Delivery, service: str) -> Any:
    role = str(delivery.target.get("RoleArn") or "")
    if not role:
        raise DeliveryError("NO_PERMISSIONS", f"the target {delivery.target['Arn']} needs a RoleArn")
    try:
        credentials = services.roles.credentials(role, SERVICE, "events", region, delivery.source_arn)
    except RoleNotAssumableError as error:
        raise DeliveryError("NO_PERMISSIONS", str(error)) from error
    return services.roles.client(service, region, credentials)


def _log(services: Services, region: str, arn: str, body: str) -> None:
    """Write the event to a log group, in a stream of its own, as EventBridge does."""
    group, stream = arn.split(":log-group:", 1)[1].removesuffix(":*"), str(uuid.uuid4())
    backend = services.door.backend("logs", region)
    backend.create_log_stream(group, stream)
    backend.put_log_events(group, stream, [{"timestamp": round(time.time() * 1000), "message": body}])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
