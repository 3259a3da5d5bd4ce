"""Listens to a topic while something happens: a queue of its own that is subscribed to it, and gone afterwards."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rehearsal.scenarios.aws import Aws

DELIVERY_SECONDS = 15  # until everything that was published is in the queue
QUIET_SECONDS = 1  # what nobody waits for gets as long to show up
BATCH = 10


@dataclass(frozen=True)
class Notification:
    """A message of the topic, published at a moment in epoch seconds. `alarm` and `state` are empty for others."""

    moment: float
    subject: str
    alarm: str
    state: str

    def as_text(self) -> str:
        return f"{self.alarm} {self.state}" if self.alarm else self.subject or "a message without a subject"


class Listener:
    """A subscription of a topic. Nothing published before `open` is heard; `close` leaves nothing behind."""

    def __init__(self, aws: Aws, topic: str) -> None:
        self._sns, self._sqs = aws.client("sns"), aws.client("sqs")
        self._topic = topic
        self._queue: str | None = None
        self._subscription: str | None = None
        self._heard: dict[str, Notification] = {}

    def open(self) -> None:
        name = f"rehearsal-{uuid.uuid4().hex[:12]}"
        self._queue = str(self._sqs.create_queue(QueueName=name)["QueueUrl"])
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": attributes["QueueArn"],
                    "Condition": {"ArnEquals": {"aws:SourceArn": self._topic}},
                }
            ],
        }
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": json.dumps(policy)})
        answer = self._sns.subscribe(
            TopicArn=self._topic, Protocol="sqs", Endpoint=attributes["QueueArn"], ReturnSubscriptionArn=True
        )
        self._subscription = str(answer["SubscriptionArn"])

    def heard(self, *, at_least: int) -> list[Notification]:
        """Everything published since `open`, the oldest first; waits (bounded) for as many as are expected."""
        deadline = time.monotonic() + DELIVERY_SECONDS
        quiet_since = time.monotonic()
        while time.monotonic() < deadline:
            if self._receive():
                quiet_since = time.monotonic()
            elif len(self._heard) >= at_least and time.monotonic() - quiet_since >= QUIET_SECONDS:
                break
        return sorted(self._heard.values(), key=lambda each: each.moment)

    def close(self) -> None:
        """What is gone already is no error; a queue that stayed would collect messages for four days."""
        subscription, queue = self._subscription, self._queue
        self._subscription = self._queue = None
        try:
            if subscription:
                self._sns.unsubscribe(SubscriptionArn=subscription)
        finally:
            if queue:
                self._delete(queue)

    def _delete(self, queue: str) -> None:
        try:
            self._sqs.delete_queue(QueueUrl=queue)
        except ClientError as error:
            if "NonExistentQueue" not in error.response["Error"]["Code"]:
                raise

    def _receive(self) -> int:
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=BATCH, WaitTimeSeconds=1)
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        for message in messages:
            envelope = json.loads(message["Body"])
            self._heard[envelope["MessageId"]] = _notification(envelope)  # a queue may deliver twice
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return len(messages)


def out_of_order(heard: Sequence[Notification], wanted: Sequence[tuple[str, str]], alarms: Sequence[str]) -> str:
    """Empty when the alarms told what they had to, in order; else what they should have.

    `wanted` are (alarm, state) of all of them together. Without it, each alarm tells ALARM and then OK, and how those
    of several are mixed does not matter.
    """
    told = [(each.alarm, each.state) for each in heard if each.alarm]
    if wanted:
        if told == list(wanted):
            return ""
        return "wanted " + ", ".join(f"{alarm} {state}" for alarm, state in wanted)
    for alarm in alarms:
        states = [state for name, state in told if name == alarm]
        if states != ["ALARM", "OK"]:
            return f"{alarm} was to tell ALARM, then OK, and told {', '.join(states) or 'nothing'}"
    if strangers := sorted({name for name, _ in told if name not in alarms}):
        return f"nothing was to be heard of {', '.join(strangers)}"
    return ""


def _notification(envelope: dict[str, Any]) -> Notification:
    """`envelope` is SNS's; an alarm's message is JSON with AlarmName and NewStateValue."""
    moment = datetime.fromisoformat(envelope["Timestamp"]).timestamp()
    try:
        message = json.loads(envelope["Message"])
    except json.JSONDecodeError:
        message = {}
    told = message if isinstance(message, dict) and "AlarmName" in message else {}
    return Notification(moment, envelope.get("Subject") or "", told.get("AlarmName", ""), told.get("NewStateValue", ""))
