"""Deliveries of schedules and rules to their targets: tried again for a while, then given to a dead-letter queue.

Sources: EventBridge Scheduler User Guide, "Configuring a dead-letter queue" and "RetryPolicy"; EventBridge User Guide,
"How EventBridge retries delivering events" and "Using dead-letter queues". What the target refuses for good (it does
not exist, the role may not) is not tried again. Waiting follows the rehearsal's clock.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from rehearsal.cloud.grants import NotGrantedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.cloud.services import Services

MAX_WAITING = 1_000
DEFAULT_RETRIES = 185
DEFAULT_AGE = 86_400
SERVER_FAULT = 500
PASSING = (
    "Throttl",
    "TooManyRequests",
    "LimitExceeded",
    "ServiceException",
    "InternalError",
    "ServiceUnavailable",
    "ServiceFailure",
)

log = logging.getLogger(__name__)


class DeliveryError(Exception):
    """A target refused. `code` and the text go to the dead-letter queue; `is_final` where trying again is no use."""

    def __init__(self, code: str, message: str, *, is_final: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.is_final = is_final


@dataclass
class Delivery:
    """One event or input on its way to one target. `target` is its request in botocore's names; times are epochs."""

    source_arn: str
    target: dict[str, Any]
    body: str
    scheduled: float = field(default_factory=time.time)
    delivery_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    attempts: int = 0
    due: float = field(default_factory=time.time)
    is_running: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """One that was under way when the process ended is tried again: at least once, as in AWS."""
        return {**vars(self), "is_running": False}


class Deliveries:
    """Those of one backend that are under way. Pickled with the backend that holds it."""

    def __init__(self) -> None:
        self.waiting: list[Delivery] = []

    def add(self, delivery: Delivery) -> None:
        """Take one on. Beyond a thousand that wait, the oldest is dropped with a message."""
        if len(self.waiting) >= MAX_WAITING:
            dropped = self.waiting.pop(0)
            log.warning("%s: too many deliveries wait; one to %s is dropped", dropped.source_arn, dropped.target["Arn"])
        self.waiting.append(delivery)

    def dispatch(self, services: Services, region: str, deliver: Callable[[Delivery], None]) -> None:
        """Hand what is due to threads. `deliver` raises DeliveryError or what boto3 raises."""
        for delivery in list(self.waiting):
            if services.claim(delivery):
                services.submit(self._try, services, region, delivery, deliver)

    def _try(self, services: Services, region: str, delivery: Delivery, deliver: Callable[[Delivery], None]) -> None:
        delivery.attempts += 1
        try:
            deliver(delivery)
        except (DeliveryError, NotGrantedError, ClientError, BotoCoreError) as error:
            self._failed(services, region, delivery, _as_delivery_error(error))
        except Exception:
            self._drop(delivery)  # or it would wait for ever
            raise
        else:
            self._drop(delivery)
        services.changed()

    def _failed(self, services: Services, region: str, delivery: Delivery, error: DeliveryError) -> None:
        policy = delivery.target.get("RetryPolicy") or {}
        retries = int(policy.get("MaximumRetryAttempts", DEFAULT_RETRIES))
        age = services.real_seconds(float(policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE)))
        wait = services.real_seconds(min(600.0, 5.0 * 2.0 ** min(delivery.attempts, 10)))
        is_old = time.time() + wait - delivery.scheduled > age
        log.warning("%s → %s: %s: %s", delivery.source_arn, delivery.target["Arn"], error.code, error)
        if not error.is_final and delivery.attempts <= retries and not is_old:
            delivery.due, delivery.is_running = time.time() + wait, False
            return
        self._drop(delivery)
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if queue:
            condition = "" if error.is_final else "MaximumEventAgeInSeconds" if is_old else "MaximumRetryAttempts"
            self._bury(services, region, delivery, queue=queue, error=error, condition=condition)

    def _bury(
        self,
        services: Services,
        region: str,
        delivery: Delivery,
        *,
        queue: str,
        error: DeliveryError,
        condition: str,
    ) -> None:
        """Send to the dead-letter queue with the attributes that say what happened."""
        is_rule = ":rule/" in delivery.source_arn
        said = {
            "RULE_ARN" if is_rule else "SCHEDULE_ARN": delivery.source_arn,
            "TARGET_ARN": str(delivery.target["Arn"]),
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error)[:1024],
            "RETRY_ATTEMPTS": str(delivery.attempts - 1),
            "EXHAUSTED_RETRY_CONDITION": condition,
            "EXECUTION_ID": "" if is_rule else delivery.delivery_id,
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in said.items() if value}
        name = queue.rsplit(":", 1)[1]
        try:
            if is_rule:
                services.grants.require("events.amazonaws.com", "sqs:SendMessage", queue, delivery.source_arn)
                backend = services.door.backend("sqs", region)
                backend.send_message(name, delivery.body, message_attributes=attributes)
            else:
                credentials = services.roles.credentials(
                    str(delivery.target["RoleArn"]), "scheduler.amazonaws.com", name, region, delivery.source_arn
                )
                client = services.roles.client("sqs", region, credentials)
                url = services.queue_url(queue)
                client.send_message(QueueUrl=url, MessageBody=delivery.body, MessageAttributes=attributes)
        except Exception:  # a queue that cannot be written to must not stop the others
            log.warning("%s: the dead-letter queue %s cannot take it", delivery.source_arn, queue, exc_info=True)

    def _drop(self, delivery: Delivery) -> None:
        with contextlib.suppress(ValueError):  # there were too many, and this was the oldest
            self.waiting.remove(delivery)


def _as_delivery_error(error: Exception) -> DeliveryError:
    if isinstance(error, DeliveryError):
        return error
    if isinstance(error, NotGrantedError):
        return DeliveryError("NO_PERMISSIONS", str(error))
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "Unknown"))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        passing = status >= SERVER_FAULT or any(mark in code for mark in PASSING)
        return DeliveryError(code, str(error), is_final=not passing)
    return DeliveryError("SDK_CLIENT_ERROR", str(error), is_final=isinstance(error, ParamValidationError))
