"""Invokes a schedule's target with the schedule's role: templated targets and universal ones.

Sources: EventBridge Scheduler User Guide, "Using templated targets" (Lambda is invoked asynchronously), "Using
universal targets" (`arn:aws:scheduler:::aws-sdk:service:apiAction`; no reading actions; `Input` is the API's request),
"Adding context attributes", "Setting up the execution role".
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError

from rehearsal.cloud.deliveries import DeliveryError
from rehearsal.cloud.role_clients import RoleNotAssumableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.deliveries import Delivery
    from rehearsal.cloud.services import Services

SERVICE = "scheduler.amazonaws.com"
UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
READING = (
    "get", "describe", "list", "poll", "receive", "search", "scan", "query", "select", "read", "lookup", "discover",
    "validate", "batchget", "batchdescribe", "batchread", "transactget", "adminget", "adminlist", "retrieve",
)  # fmt: skip
# The SDK's service identifiers that are not botocore's names.
RENAMED = {
    "sfn": "stepfunctions",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "cognitoidentityprovider": "cognito-idp",
}


def group_arn(schedule_arn: str) -> str:
    """The ARN of a schedule's group: what `aws:SourceArn` is when the Scheduler assumes the role."""
    prefix, _, rest = schedule_arn.partition(":schedule/")
    return f"{prefix}:schedule-group/{rest.split('/')[0]}"


def invoke(services: Services, region: str, delivery: Delivery) -> None:
    """Invoke the target. Raises DeliveryError, or what boto3 raises."""
    target = delivery.target
    arn, body = str(target["Arn"]), fill_in(delivery)
    try:
        credentials = services.roles.credentials(
            str(target["RoleArn"]), SERVICE, "scheduler", region, group_arn(delivery.source_arn)
        )
    except RoleNotAssumableError as error:
        raise DeliveryError("AWS.Scheduler.ExecutionRoleAssumeError", str(error)) from error

    def client(api: str) -> Any:
        return services.roles.client(api, region, credentials)

    if arn.startswith(UNIVERSAL):
        _call(client, arn.removeprefix(UNIVERSAL), body)
    else:
        _templated(services, client, target, body)


def check_target(arn: str) -> str:
    """Return what is wrong with a target of a schedule, or nothing."""
    if arn.startswith(UNIVERSAL):
        service, _, action = arn.removeprefix(UNIVERSAL).partition(":")
        if not service or not action:
            return "A universal target is arn:aws:scheduler:::aws-sdk:<service>:<apiAction>."
        if action.lower().startswith(READING):
            return f"EventBridge Scheduler does not call reading actions such as {action}."
        return ""
    if arn.split(":")[2:3] and arn.split(":")[2] in {"lambda", "sns", "sqs", "events"}:
        return ""
    known = "functions, topics, queues, event buses, universal targets"
    return f"{arn} is no target that schedules of this endpoint can have: {known}."


def fill_in(delivery: Delivery) -> str:
    """Put the context attributes into the input."""
    attributes = {
        "schedule-arn": delivery.source_arn,
        "scheduled-time": datetime.fromtimestamp(delivery.scheduled, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": delivery.delivery_id,
        "attempt-number": str(delivery.attempts),
    }
    body = delivery.body
    for name, value in attributes.items():
        body = body.replace(f"<aws.scheduler.{name}>", value)
    return body


def _templated(services: Services, client: Callable[[str], Any], target: dict[str, Any], body: str) -> None:
    arn = str(target["Arn"])
    service = arn.split(":")[2]
    if service == "lambda":
        client("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=(body or "{}").encode())
    elif service == "sns":
        client("sns").publish(TopicArn=arn, Message=body)
    elif service == "sqs":
        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        client("sqs").send_message(
            QueueUrl=services.queue_url(arn), MessageBody=body, **({"MessageGroupId": group} if group else {})
        )
    else:
        parameters = target.get("EventBridgeParameters") or {}
        entry = {
            "EventBusName": arn,
            "Source": parameters.get("Source", ""),
            "DetailType": parameters.get("DetailType", ""),
            "Detail": body or "{}",
        }
        answer = client("events").put_events(Entries=[entry])["Entries"][0]
        if "ErrorCode" in answer:
            raise DeliveryError(answer["ErrorCode"], answer.get("ErrorMessage", ""))


def _call(client: Callable[[str], Any], api: str, body: str) -> None:
    """Call `service:apiAction` with the input as its request; member names are taken in any case."""
    service, _, action = api.partition(":")
    try:
        found = client(RENAMED.get(service, service))
        name = next(n for n in found.meta.service_model.operation_names if n.lower() == action.lower())
        model = found.meta.service_model.operation_model(name)
    except (UnknownServiceError, OperationNotFoundError, StopIteration):
        raise DeliveryError("InvalidTarget", f"{api} is no operation of an AWS service") from None
    try:
        request = json.loads(body or "{}")
    except ValueError as error:
        raise DeliveryError("InvalidRequest", f"the input of the target is no JSON: {error}") from error
    if not isinstance(request, dict):
        raise DeliveryError("InvalidRequest", f"the input of the target is no object: {api} takes one")
    members = {member.lower(): member for member in model.input_shape.members} if model.input_shape else {}
    request = {members.get(key.lower(), key): value for key, value in request.items()}
    python_name = next(key for key, value in found.meta.method_to_api_mapping.items() if value == name)
    getattr(found, python_name)(**request)
