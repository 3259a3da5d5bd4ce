"""Services and operations by the names that runbooks use for them (boto3's)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel


@cache
def loader() -> Loader:
    from botocore.loaders import Loader  # noqa: PLC0415 - takes a tenth of a second, for documents that call AWS only

    return Loader()


@cache
def service_names() -> frozenset[str]:
    """Every service that boto3 has a client for."""
    return frozenset(loader().list_available_services("service-2"))


@cache
def service_model(service: str) -> ServiceModel | None:
    """The newest model of a service, None when boto3 knows none of that name."""
    from botocore.model import ServiceModel  # noqa: PLC0415 - as above

    if service not in service_names():
        return None
    return ServiceModel(loader().load_service_model(service, "service-2"), service)


@cache
def method_names(service: str) -> dict[str, str]:
    """The operations of a service by the names of their methods."""
    from botocore import xform_name  # noqa: PLC0415 - as above

    model = service_model(service)
    return {xform_name(name): name for name in model.operation_names} if model else {}


@cache
def operation(service: str, api: str) -> OperationModel | None:
    """An operation by its name (DescribeInstances) or its method's (describe_instances)."""
    model = service_model(service)
    if model is None:
        return None
    name = api if api in model.operation_names else method_names(service).get(api)
    return model.operation_model(name) if name else None


def operation_names(service: str) -> list[str]:
    """The operations of a service."""
    model = service_model(service)
    return list(model.operation_names) if model else []


@cache
def iam_prefixes(service: str) -> tuple[str, ...]:
    """What the IAM actions of a service may begin with, most likely first: ``elasticloadbalancing`` for elbv2."""
    model = service_model(service)
    if model is None:
        return (service,)
    signing = str(model.metadata.get("signingName") or model.endpoint_prefix)
    return tuple(dict.fromkeys((*_IAM_PREFIXES.get(service, ()), signing, service, model.endpoint_prefix)))


_IAM_PREFIXES = {"sesv2": ("ses",), "opensearch": ("es",), "stepfunctions": ("states",), "lexv2-models": ("lex",)}
_READING = (
    "describe", "get", "list", "batch_get", "lookup", "search", "head", "select", "query", "scan", "check", "estimate",
    "validate", "simulate", "test", "view", "filter", "detect", "preview",
)  # fmt: skip


def is_reading(service: str, api: str) -> bool | None:
    """Whether a call only reads, by the verb of its name; None for verbs that say nothing (Invoke, Execute, Send)."""
    from botocore import xform_name  # noqa: PLC0415 - as above

    name = xform_name(api)
    if any(name == verb or name.startswith(f"{verb}_") for verb in _READING):
        return True
    if service == "lambda" and name.startswith("invoke"):
        return None
    return None if name.startswith(("execute", "invoke", "evaluate")) else False


def shape_members(shape: Any) -> dict[str, Any]:
    """The members of a structure, none for anything else."""
    return dict(shape.members) if shape is not None and shape.type_name == "structure" else {}
