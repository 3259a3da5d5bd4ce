"""Errors in the wire format of each AWS protocol, for what is answered before (or instead of) a service's own code."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

REFUSED = {"json": "AccessDeniedException", "rest-json": "AccessDeniedException", "ec2": "UnauthorizedOperation"}
_SERVER_FAULT = 500
UNKNOWN_OPERATION = {"query": "InvalidAction", "ec2": "InvalidAction", "rest-xml": "MethodNotAllowed"}


@dataclass(frozen=True)
class WireError(Exception):
    """An error as AWS would send it: a code, a message for people and an HTTP status."""

    code: str
    message: str
    status: int = 400


def refusal(protocol: str, message: str, code: str = "", status: int = 0) -> WireError:
    """The protocol's ordinary answer to a caller who may not do this."""
    usual = 400 if protocol == "json" else 403
    return WireError(code or REFUSED.get(protocol, "AccessDenied"), message, status or usual)


def unknown_operation(protocol: str, operation: str) -> WireError:
    """What AWS answers to an operation that the service's API does not have."""
    code = UNKNOWN_OPERATION.get(protocol, "UnknownOperationException")
    status = 405 if code == "MethodNotAllowed" else 400
    return WireError(code, f"The action {operation} is not valid for this web service.", status)


def error_response(protocol: str, error: WireError) -> Response:
    """Serialize `error`. `protocol` is the wire protocol, or `s3`, whose errors have a form of their own."""
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id}
    if protocol in {"query", "ec2", "rest-xml", "s3"}:
        body = _xml(protocol, error, request_id)
        headers["Content-Type"] = "text/xml"
    else:
        body = json.dumps({"__type": error.code, "message": error.message})
        headers["Content-Type"] = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
        headers["x-amzn-ErrorType"] = error.code
    return Response(body, status=error.status, headers=headers)


def _xml(protocol: str, error: WireError, request_id: str) -> str:
    code, message = escape(_printable(error.code)), escape(_printable(error.message))
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    if protocol == "ec2":
        inner = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return f"{head}<Response>{inner}<RequestID>{request_id}</RequestID></Response>"
    if protocol == "s3":
        return (
            f"{head}<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
        )
    kind = "Receiver" if error.status >= _SERVER_FAULT else "Sender"
    inner = f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"{head}<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"


def _printable(text: str) -> str:
    """XML 1.0 has no way to write control characters."""
    return "".join(c if c >= " " or c in "\t\n\r" else "\N{REPLACEMENT CHARACTER}" for c in text)
