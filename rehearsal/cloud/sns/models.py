"""The SNS backend: moto's topics and filters, with deliveries that may fail.

Sources: SNS Developer Guide, "Amazon SNS message delivery retries" (HTTP: three retries at once, then with pauses;
here three in all), "Amazon SNS HTTP/HTTPS notification JSON format", "Fanout to Lambda functions". Queues get their
message in the publisher's thread, so in order. E-mail and text messages are kept with the topic and sent nowhere.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from moto.core.exceptions import ServiceException
from moto.sns.models import SNSBackend, Subscription, Topic
from werkzeug.exceptions import HTTPException

from rehearsal.cloud.grants import NotGrantedError
from rehearsal.cloud.services import Extended, Services

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "sns.amazonaws.com"
HTTP_SECONDS = 15.0
HTTP_ATTEMPTS = 3
KEPT_MESSAGES = 1_000

log = logging.getLogger(__name__)


class FanningTopic(Topic):
    """A topic of moto's that goes on with the others when one subscriber cannot be reached."""

    def publish(self, message: str, *arguments: Any, **options: Any) -> str:
        message_id: str = super().publish(message, *arguments, **options)
        del self.sent_notifications[:-KEPT_MESSAGES]
        return message_id


class DeliveringSubscription(Subscription):
    """A subscription of moto's whose deliveries are ours."""

    def publish(  # type: ignore[override] # moto passes names
        self,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        message_structure: str | None = None,
        **options: Any,
    ) -> None:
        """Deliver one message, if the filter policy lets it through."""
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        backend: Any = self.topic.sns_backend
        if message_structure == "json":
            message = self._parse_message_structure(message, self.protocol)
        if self.protocol == "sqs":
            named = {"subject": subject, "message_attributes": message_attributes, **options}
            self._to_queue(backend, message, message_id, named)
        elif self.protocol in {"http", "https", "lambda"}:
            data = self.get_post_data(message, message_id, subject, message_attributes)
            work = self._to_function if self.protocol == "lambda" else self._to_web_server
            backend.services.submit(work, backend, data)

    def private_key(self) -> Any:  # type: ignore[override] # moto's has a cache around it
        """What notifications are signed with: one key for all. moto makes one a subscription, which takes long."""
        return _signing_key()

    def _to_queue(
        self,
        backend: DeliveringSnsBackend,
        message: str,
        message_id: str,
        options: dict[str, Any],
    ) -> None:
        try:
            backend.services.grants.require(SERVICE, "sqs:SendMessage", self.endpoint, self.topic.arn)
            super().publish(message, message_id, **options)
        except (NotGrantedError, ServiceException, HTTPException) as error:
            log.warning("%s → %s: %s", self.topic.arn, self.endpoint, getattr(error, "message", "") or error)

    def _to_function(self, backend: DeliveringSnsBackend, data: Mapping[str, Any]) -> None:
        record = {"EventVersion": "1.0", "EventSubscriptionArn": self.arn, "EventSource": "aws:sns"}
        given = {"Records": [{**record, "Sns": {"Subject": None, "MessageAttributes": {}, **data}}]}
        try:
            backend.services.grants.require(SERVICE, "lambda:InvokeFunction", self.endpoint, self.topic.arn)
            functions = backend.services.door.backend("lambda", self.endpoint.split(":")[3])
            functions.enqueue(self.endpoint, None, json.dumps(given).encode())
        except (NotGrantedError, ServiceException, HTTPException) as error:
            log.warning("%s → %s: %s", self.topic.arn, self.endpoint, getattr(error, "message", "") or error)

    def _to_web_server(self, backend: DeliveringSnsBackend, data: Mapping[str, Any]) -> None:
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "User-Agent": "Amazon Simple Notification Service Agent",
            "x-amz-sns-message-type": "Notification",
            "x-amz-sns-message-id": str(data["MessageId"]),
            "x-amz-sns-topic-arn": str(self.topic.arn),
            "x-amz-sns-subscription-arn": str(self.arn),
        }
        for attempt in range(1, HTTP_ATTEMPTS + 1):
            try:
                requests.post(self.endpoint, json=data, headers=headers, timeout=HTTP_SECONDS).raise_for_status()
            except requests.RequestException as error:
                log.warning("%s → %s, attempt %d: %s", self.topic.arn, self.endpoint, attempt, error)
            else:
                return
            if backend.services.is_closing:
                return


@lru_cache
def _signing_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class DeliveringSnsBackend(Extended, SNSBackend):
    """The topics of one account and Region. moto constructs what is in them, which is then turned into ours."""

    def __init__(self, region_name: str, account_id: str, *, services: Services) -> None:
        super().__init__(region_name, account_id)
        self.services = services

    def create_topic(self, *arguments: Any, **options: Any) -> Topic:
        """CreateTopic."""
        topic = super().create_topic(*arguments, **options)
        topic.__class__ = FanningTopic  # type: ignore[type-abstract] # abstract to mypy alone: moto makes them
        return topic

    def subscribe(self, *arguments: Any, **options: Any) -> Subscription:
        """Subscribe."""
        subscription = super().subscribe(*arguments, **options)
        subscription.__class__ = DeliveringSubscription
        return subscription
