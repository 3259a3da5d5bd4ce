"""Reads an HTTP request as a call of an AWS operation, the way AWS's front end does: signature first, then protocol."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.model import OperationNotFoundError
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from rehearsal.cloud.authorizer import ApiCall
from rehearsal.cloud.service_models import find_model
from rehearsal.cloud.wire import WireError

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGES_TARGET = "EC2WindowsMessageDeliveryService"

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/[0-9]{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")

# The service in a signature is its signing name; botocore files some services under another name.
_BY_SIGNING_NAME = {
    "monitoring": "cloudwatch",
    "email": "ses",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
    "elasticfilesystem": "efs",
    "elasticmapreduce": "emr",
    "eventbridge": "events",
}
# Signing names that two APIs share, told apart by the version of the API that the request names.
_BY_VERSION = {("elasticloadbalancing", "2015-12-01"): "elbv2", ("elasticloadbalancing", "2012-06-01"): "elb"}
_BY_TARGET = {MESSAGES_TARGET: "ec2messages", "AmazonSSM": "ssm"}
_UNREADABLE = (RequestParserError, NotFound, NotImplementedError, OperationNotFoundError)
# AWS takes these without a signature; the Action alone tells the service.
_UNSIGNED_ACTIONS = {"AssumeRoleWithWebIdentity": "sts", "AssumeRoleWithSAML": "sts"}


def identify(request: Request, body: bytes, *, account_id: str, default_region: str) -> ApiCall:
    """Tell which operation a request calls. `operation` is empty when the request names none.

    Raises `WireError` when the request names no service at all.
    """
    access_key, region, signing_name = _credential(request)
    form = _form(request)
    target_prefix, _, target_operation = request.headers.get("X-Amz-Target", "").rpartition(".")
    service = _service(signing_name, target_prefix, form)
    protocol, operation = _operation(service, request, target_operation, form)

    def read_parameters() -> Mapping[str, Any]:
        return _parameters(service, operation, protocol, request, body)

    return ApiCall(
        service=service,
        operation=operation,
        region=region or default_region,
        account_id=account_id,
        access_key=access_key,
        session_token=request.headers.get("X-Amz-Security-Token") or request.args.get("X-Amz-Security-Token"),
        source_ip=request.remote_addr or "",
        user_agent=request.headers.get("User-Agent", "")[:512],
        protocol=protocol,
        read_parameters=read_parameters,
    )


def _credential(request: Request) -> tuple[str | None, str, str]:
    """Access key, Region and signing name, from the header or from a presigned query."""
    found = _CREDENTIAL.search(request.headers.get("Authorization", ""))
    if not found and "X-Amz-Credential" in request.args:
        found = _CREDENTIAL.search(f"Credential={request.args['X-Amz-Credential']}")
    return (found[1], found[2], found[3].lower()) if found else (None, "", "")


def _form(request: Request) -> Mapping[str, str]:
    form_encoded = (request.content_type or "").startswith("application/x-www-form-urlencoded")
    return request.form if form_encoded and request.method == "POST" else request.args


def _service(signing_name: str, target_prefix: str, form: Mapping[str, str]) -> str:
    if target_prefix in _BY_TARGET:
        return _BY_TARGET[target_prefix]
    if signing_name:
        shared = _BY_VERSION.get((signing_name, form.get("Version", "")))
        return shared or _BY_SIGNING_NAME.get(signing_name, signing_name)
    if service := _UNSIGNED_ACTIONS.get(form.get("Action", "")):
        return service
    if form.get("Action"):
        raise WireError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return "s3"  # what is neither signed nor names a target or action can only be an anonymous S3 request


def _operation(service: str, request: Request, target: str, form: Mapping[str, str]) -> tuple[str, str]:
    """The wire protocol and the operation's name."""
    model = find_model(service)
    if model is None:
        return ("json", target) if target else ("query", form.get("Action", ""))
    try:
        protocol = determine_request_protocol(model, (request.content_type or "").partition(";")[0].strip())
    except NotImplementedError:
        protocol = str(model.protocol)
    if protocol == "json":
        return protocol, target
    if protocol in {"query", "ec2"}:
        return protocol, form.get("Action", "")
    try:
        operation, _ = get_service_router(service).match(request)
    except (NotFound, NotImplementedError):
        return protocol, ""
    return protocol, str(operation.name)


def _parameters(service: str, operation: str, protocol: str, request: Request, body: bytes) -> Mapping[str, Any]:
    if protocol == "json" and service in _BY_TARGET.values():
        try:
            loaded = json.loads(body or b"{}")
        except ValueError:
            return {}
        return loaded if isinstance(loaded, dict) else {}
    model = find_model(service)
    if model is None:
        return {}
    try:
        uri_parameters = get_service_router(service).match(request)[1] if protocol.startswith("rest") else {}
        parser = PROTOCOL_PARSERS[protocol](model.operation_model(operation), map_type=dict)
        parsed = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": body,
                "url_path": request.path,
                "url_params": uri_parameters,
            }
        )
    except (*_UNREADABLE, ValueError, KeyError, TypeError, AttributeError):
        return {}  # the service itself says what is wrong with its input
    return parsed if isinstance(parsed, dict) else {}
