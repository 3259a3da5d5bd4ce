"""Every error that the API's model gives an operation of this endpoint is provoked by a test that names it."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest

from rehearsal.cloud.ssm import operations

TESTS = Path(__file__).parents[1]
WHERE = ("unit/cloud/endpoint", "contract/conformance")
# No input leads to these, and nothing tells when the service answers them.
NEVER = {
    "InvalidActivationId": "an ID of another form is a ValidationException, an unknown one an InvalidActivation",
    "InvalidAssociation": "an unknown association is an AssociationDoesNotExist",
    "InvalidPermissionType": "the model's only type is Share; another one is a ValidationException",
    "InvalidTag": "tags are held to the model's patterns, which is a ValidationException",
    "InvalidUpdate": "each way in which an update can be wrong has an error of its own",
    "NoLongerSupportedException": "nothing that the service gave up can be asked for here",
    "TooManyUpdates": "updates of one resource wait for each other",
}
AUTOMATION = (
    "StartAutomationExecution",
    "GetAutomationExecution",
    "DescribeAutomationExecutions",
    "DescribeAutomationStepExecutions",
    "StopAutomationExecution",
    "SendAutomationSignal",
    "StartExecutionPreview",
    "GetExecutionPreview",
)
MODEL = botocore.session.get_session().get_service_model("ssm")


def ours() -> list[str]:
    """The operations that the endpoint answers itself and the model knows."""
    groups = [value for value in vars(operations).values() if isinstance(value, frozenset)]
    return sorted({name for group in groups for name in group if name in MODEL.operation_names} | set(AUTOMATION))


def documented() -> dict[str, list[str]]:
    """Errors, each with the operations that have it."""
    found: dict[str, list[str]] = {}
    for operation in ours():
        for shape in MODEL.operation_model(operation).error_shapes:
            found.setdefault(shape.name, []).append(operation)
    return found


def provoked() -> set[str]:
    """Every word of the tests of the endpoint."""
    files = [path for folder in WHERE for path in (TESTS / folder).rglob("*") if path.suffix in {".py", ".yaml"}]
    return {word for path in files for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("error", sorted(documented()))
def test_an_error_is_provoked_or_cannot_be(error: str) -> None:
    assert (error in provoked()) is not (error in NEVER), f"{error} of {', '.join(documented()[error])}"
