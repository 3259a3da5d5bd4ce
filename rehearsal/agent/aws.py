"""The AWS calls that an agent makes, signed with the host's own role."""

from __future__ import annotations

import json
import re
import urllib.parse
import uuid
from typing import TYPE_CHECKING, Any

from rehearsal.agent.config import DEFAULT_PATH, Config, read_config
from rehearsal.agent.http_client import Answer, TransportError, request
from rehearsal.agent.imds import Metadata
from rehearsal.agent.sigv4 import signed_headers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

_OK = 200
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId"})
_MDS_TARGET = "EC2WindowsMessageDeliveryService"
_NAMESPACE = re.compile(r"\{[^}]*\}")
_POLL_MARGIN = 10.0


class AwsError(Exception):
    """The service refused: `code` is AWS's, `status` the HTTP status."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.status = status


class HostAccess:
    """Calls to the services of one Region. Raises AwsError, TransportError, MetadataError."""

    def __init__(self, config: Config, metadata: Metadata, region: str) -> None:
        self._config = config
        self._metadata = metadata
        self._region = region

    # Systems Manager

    def update_instance_information(self, information: Mapping[str, str]) -> None:
        self._json("ssm", "AmazonSSM.UpdateInstanceInformation", dict(information))

    def get_parameters(self, names: list[str]) -> dict[str, Any]:
        """GetParameters without decryption, as the agent asks."""
        return self._json("ssm", "AmazonSSM.GetParameters", {"Names": names, "WithDecryption": False})

    def get_secure_parameter(self, name: str) -> str:
        """One parameter's decrypted value: only downloadContent asks for these."""
        answer = self._json("ssm", "AmazonSSM.GetParameters", {"Names": [name], "WithDecryption": True})
        values = [parameter["Value"] for parameter in answer.get("Parameters") or []]
        if not values:
            raise AwsError("ParameterNotFound", f"{name} does not exist", 400)
        return str(values[0])

    def get_document(self, name: str, version: str) -> str:
        body = {"Name": name, **({"DocumentVersion": version} if version else {})}
        return str(self._json("ssm", "AmazonSSM.GetDocument", body).get("Content", ""))

    # Messages

    def get_messages(self, instance_id: str) -> list[dict[str, Any]]:
        """A long poll: it answers as soon as there is a message, and empty after a while."""
        body = {"Destination": instance_id, "MessagesRequestId": str(uuid.uuid4()), "VisibilityTimeoutInSeconds": 10}
        seconds = self._config.poll_seconds + _POLL_MARGIN
        messages = self._json("ec2messages", f"{_MDS_TARGET}.GetMessages", body, seconds=seconds).get("Messages")
        return [message for message in messages or [] if isinstance(message, dict)]

    def acknowledge_message(self, message_id: str) -> None:
        self._json("ec2messages", f"{_MDS_TARGET}.AcknowledgeMessage", {"MessageId": message_id})

    def send_reply(self, message_id: str, payload: str) -> None:
        body = {"MessageId": message_id, "Payload": payload, "ReplyId": str(uuid.uuid4())}
        self._json("ec2messages", f"{_MDS_TARGET}.SendReply", body)

    def fail_message(self, message_id: str) -> None:
        body = {"MessageId": message_id, "FailureType": "InternalHandlerException"}
        self._json("ec2messages", f"{_MDS_TARGET}.FailMessage", body)

    def delete_message(self, message_id: str) -> None:
        self._json("ec2messages", f"{_MDS_TARGET}.DeleteMessage", {"MessageId": message_id})

    # S3 and CloudWatch Logs

    def get_object(self, bucket: str, key: str) -> bytes:
        return self._s3("GET", bucket, key).body

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        self._s3("PUT", bucket, key, body=body)

    def list_objects(self, bucket: str, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, at most 1,000."""
        query = urllib.parse.urlencode({"list-type": "2", "prefix": prefix}, quote_via=urllib.parse.quote)
        root = _parse_xml(self._s3("GET", bucket, "", query=query).body)
        return [node.text or "" for node in root.iter() if _NAMESPACE.sub("", node.tag) == "Key"]

    def put_log_events(self, group: str, stream: str, events: list[dict[str, Any]]) -> None:
        """Append to a stream; group and stream are created when they are not there."""
        names = {"logGroupName": group, "logStreamName": stream}
        for operation, body in (("CreateLogGroup", {"logGroupName": group}), ("CreateLogStream", names)):
            try:
                self._json("logs", f"Logs_20140328.{operation}", body)
            except AwsError as error:
                if error.code != "ResourceAlreadyExistsException" and operation == "CreateLogStream":
                    raise
        self._json("logs", "Logs_20140328.PutLogEvents", {**names, "logEvents": events})

    def _s3(self, method: str, bucket: str, key: str, *, query: str = "", body: bytes = b"") -> Answer:
        path = f"/{urllib.parse.quote(bucket)}/{urllib.parse.quote(key, safe='/-_.~')}"
        url = self._config.endpoint("s3", self._region) + path + (f"?{query}" if query else "")
        answer = self._send("s3", method, url, {}, body, seconds=60.0)
        if answer.status != _OK:
            root = _parse_xml(answer.body) if answer.body else None
            code, message = (root.findtext("Code", ""), root.findtext("Message", "")) if root is not None else ("", "")
            raise AwsError(code or f"HTTP{answer.status}", message or f"{method} s3://{bucket}/{key}", answer.status)
        return answer

    def _json(self, service: str, target: str, body: Mapping[str, Any], *, seconds: float = 30.0) -> dict[str, Any]:
        url = self._config.endpoint(service, self._region) + "/"
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
        content = json.dumps(body).encode()
        answer = self._send(service, "POST", url, headers, content, seconds=seconds)
        try:
            value = json.loads(answer.body) if answer.body else {}
        except ValueError:
            raise TransportError(f"{target} answered {answer.status} with something that is not JSON") from None
        if not isinstance(value, dict):
            raise TransportError(f"{target} answered with something that is not a JSON object")
        if answer.status == _OK:
            return value
        code = str(value.get("__type") or f"HTTP{answer.status}").rpartition("#")[2]
        if code in _EXPIRED:
            self._metadata.forget_credentials()
        raise AwsError(code, str(value.get("message") or value.get("Message") or ""), answer.status)

    def _send(
        self, service: str, method: str, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float
    ) -> Answer:
        signed = signed_headers(
            method,
            url,
            headers,
            body,
            credentials=self._metadata.credentials(),
            service=service,
            region=self._region,
        )
        return request(method, url, headers=signed, body=body, seconds=seconds)


def _parse_xml(body: bytes) -> Element:
    """S3's answers; entities are refused, so that an answer cannot grow beyond what was read."""
    from xml.etree.ElementTree import ParseError, fromstring  # noqa: PLC0415 - few runs need it

    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise TransportError("S3 answered with a document type declaration, which S3 never does")
    try:
        return fromstring(body)  # noqa: S314 - without declarations there is nothing to expand
    except ParseError as error:
        raise TransportError(f"S3 answered with something that is not XML: {error}") from None


def host_access(region: str, config: Config | None = None) -> HostAccess:
    """Access with this host's role and the agent's settings."""
    return HostAccess(config or read_config(DEFAULT_PATH), Metadata(), region)
