"""The WSGI application: what happens to every request before and after moto."""

from __future__ import annotations

import io
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore.model import OperationNotFoundError
from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from rehearsal.cloud.authorizer import ApiCall, Authorizer
from rehearsal.cloud.calls import identify
from rehearsal.cloud.service_models import find_model
from rehearsal.cloud.wire import WireError, error_response, refusal, unknown_operation

if TYPE_CHECKING:
    from rehearsal.cloud.settings import CloudSettings

IMDS_HOST = "169.254.169.254"

log = logging.getLogger(__name__)

Environ = dict[str, Any]


class Validator(Protocol):
    """Checks a call's input against the service's model; raises `WireError`."""

    def __call__(self, call: ApiCall, body: bytes) -> None:
        """Check the operations that are ours."""

    def explain(self, call: ApiCall, error: Exception) -> None:
        """Check any operation's input, after moto failed on it."""


ServiceHandler = Callable[[ApiCall, bytes], Response]


class Endpoint:
    """Identify the call → authorize → validate → dispatch to our own handlers or to moto.

    Whatever goes wrong inside is answered as an error in the protocol of the request; a traceback goes to the log only.
    """

    def __init__(
        self,
        settings: CloudSettings,
        authorizer: Authorizer,
        *,
        validate: Validator,
        handlers: Mapping[str, ServiceHandler],
        metadata: Callable[[Request], Response],
        prepare: Callable[[str], None],
        unmodelled: Mapping[str, frozenset[str]],
        unsigned: Mapping[str, frozenset[str]],
        answered: Callable[[ApiCall], None],
    ) -> None:
        self._settings = settings
        self._authorizer = authorizer
        self._validate = validate
        self._handlers = dict(handlers)
        self._metadata = metadata
        self._prepare = prepare
        self._answered = answered
        self._unmodelled = dict(unmodelled)
        self._unsigned = dict(unsigned)
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        started = time.monotonic()
        call: ApiCall | None = None
        try:
            body = self._take_body(environ)
            request = Request(environ)
            if request.host.partition(":")[0] == IMDS_HOST:
                return self._metadata(request)(environ, start_response)
            call = identify(request, body, account_id=self._settings.account_id, default_region=self._settings.region)
            response = self._answer(call, environ, body)
            self._answered(call)
        except WireError as error:
            response = error_response(*_speaking_to(call, environ, error))
        except Exception:
            incident = str(uuid.uuid4())
            log.exception("internal error %s at %s", incident, _title(call))
            text = f"The rehearsal's endpoint failed at {_title(call)}; its log has the reason under {incident}."
            response = error_response(*_speaking_to(call, environ, WireError(_internal_error(call), text, 500)))
        log.debug("%s %s %.1f ms", _title(call), response.status_code, (time.monotonic() - started) * 1000)
        return response(environ, start_response)

    def warm_up(self, services: Iterable[str]) -> None:
        """Load moto's code for these services, so that nobody's first call waits for it."""
        for service in services:
            self._prepare(service)
            self._moto.get_application(
                {"PATH_INFO": "/", "HTTP_HOST": "", "HTTP_AUTHORIZATION": _scope(service, self._settings.region)}
            )

    def _answer(self, call: ApiCall, environ: Environ, body: bytes) -> Response:
        if call.protocol in {"json", "query", "ec2"} and not self._is_known(call):
            raise unknown_operation(call.protocol, call.operation or "(none named)")
        if call.protocol == "json":
            _require_object(body)
        if call.operation not in self._unsigned.get(call.service, ()):
            decision = self._authorizer.authorize(call)
            if not decision.allowed:
                raise refusal(call.protocol, decision.message, decision.code, decision.status)
        self._validate(call, body)
        if handler := self._handlers.get(call.service):
            return handler(call, body)
        return self._ask_moto(call, environ, body)

    def _is_known(self, call: ApiCall) -> bool:
        """Whether the service's API has the operation; of services without a model, moto or a handler knows."""
        if not call.operation or call.service in self._handlers:
            return bool(call.operation)
        model = find_model(call.service)
        if model is None:
            return True
        return call.operation in model.operation_names or call.operation in self._unmodelled.get(call.service, ())

    def _ask_moto(self, call: ApiCall, environ: Environ, body: bytes) -> Response:
        environ["wsgi.input"] = io.BytesIO(body)
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = call.account_id
        if call.operation in self._unsigned.get(call.service, ()):
            environ.setdefault("HTTP_AUTHORIZATION", _scope(call.service, call.region))  # moto routes by it
        self._prepare(call.service)
        try:
            app = self._moto.get_application(environ)
        except (AttributeError, KeyError, ImportError) as error:
            raise _absent(call) from error
        try:
            content, status, headers = run_wsgi_app(app, environ, buffered=True)
        except NotImplementedError as error:
            raise _absent(call) from error
        except Exception as error:
            # moto trusts its clients to validate; where it stumbles over bad input, the model says what was wrong.
            self._validate.explain(call, error)
            raise
        response = Response(content, status=status, headers=headers)
        # A page is the router's. An answer to HEAD has no body, whatever its type: so S3 says that a bucket is missing.
        is_page = response.mimetype == "text/html" and environ["REQUEST_METHOD"] != "HEAD"
        if response.status_code in {404, 405} and is_page:
            raise unknown_operation(call.protocol, call.operation or environ["PATH_INFO"])
        return response

    def _take_body(self, environ: Environ) -> bytes:
        """Read the whole body, within the limit, and leave a fresh copy in the environ for whoever reads it next."""
        limit = self._settings.max_body
        stream = environ["wsgi.input"]
        declared = environ.get("CONTENT_LENGTH") or ""
        if declared and not declared.isdecimal():
            raise WireError("SerializationException", "Content-Length is not a number", 400)
        if declared:
            if int(declared) > limit:
                raise WireError("RequestEntityTooLargeException", f"Request body exceeds {limit} bytes", 413)
            body = _read(stream, int(declared))
            if len(body) < int(declared):
                raise WireError("IncompleteBody", "The body is shorter than its Content-Length", 400)
        elif environ.get("wsgi.input_terminated"):
            body = _read(stream, limit + 1)
            if len(body) > limit:
                raise WireError("RequestEntityTooLargeException", f"Request body exceeds {limit} bytes", 413)
        else:
            body = b""
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("wsgi.input_terminated", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return body


def _read(stream: Any, length: int) -> bytes:
    try:
        return bytes(stream.read(length))
    except OSError as error:  # a chunk that is none, or a connection that broke off
        raise WireError("IncompleteBody", "The body cannot be read", 400) from error


def _require_object(body: bytes) -> None:
    """A JSON protocol's body is one object; AWS calls everything else a SerializationException."""
    try:
        loaded = json.loads(body or b"{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("SerializationException", "Unable to parse the request body as JSON") from error
    if not isinstance(loaded, dict):
        raise WireError("SerializationException", "The request body must be a JSON object")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _absent(call: ApiCall) -> WireError:
    text = (
        f"{call.service}:{call.operation} is not part of this endpoint: neither moto nor the rehearsal implements it."
    )
    return WireError(unknown_operation(call.protocol, call.operation).code, text, 400)


def _speaking_to(call: ApiCall | None, environ: Environ, error: WireError) -> tuple[str, WireError]:
    if call is not None:
        return ("s3" if call.service == "s3" else call.protocol), error
    content_type = str(environ.get("CONTENT_TYPE", ""))
    return ("query" if content_type.startswith("application/x-www-form-urlencoded") else "json"), error


def _internal_error(call: ApiCall | None) -> str:
    """Return the code for errors of the service's own: what the operation's model has, else the one common to all."""
    model = find_model(call.service) if call and call.operation else None
    try:
        operation = model.operation_model(call.operation) if call and model else None
    except OperationNotFoundError:
        operation = None
    modelled = {shape.name for shape in operation.error_shapes} if operation else set()
    return "InternalServerError" if "InternalServerError" in modelled else "InternalFailure"


def _title(call: ApiCall | None) -> str:
    return f"{call.service}:{call.operation}" if call else "an unreadable request"


def _scope(service: str, region: str) -> str:
    return (
        f"AWS4-HMAC-SHA256 Credential=WARMUP/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
