"""Every hostile value for every parameter of every document: the service refuses it and names the parameter.

Every pair goes through the checks that SendCommand and StartAutomationExecution make; over the wire, with boto3, goes
one value of each parameter and each value once, since a call takes twenty milliseconds.
"""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rehearsal.automation.errors import ApiError
from rehearsal.automation.parameters import typed_parameters
from rehearsal.automation.runbook import parse_runbook
from rehearsal.cloud import Cloud, CloudSettings
from rehearsal.cloud.ssm.exceptions import SsmError
from rehearsal.cloud.ssm.parameters import typed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE_PARAMETER = "AutomationAssumeRole"
ROLE_REFUSED = "The format of the supplied assume role ARN isn't valid."
NOBODY = [{"Key": "tag:Name", "Values": ["nobody"]}]


def is_runbook(content: Any) -> bool:
    return bool(content["schemaVersion"] == "0.3")


def known(accepted: Any, kind: str) -> set[tuple[str, str, str]]:
    """What accepted.yaml lists, as (document, parameter, value)."""
    documents = accepted[kind].items()
    return {(name, key, value) for name, keys in documents for key, listed in keys.items() for value in listed}


def test_a_command_takes_no_hostile_value_but_those_listed(
    library: Any, parameters: Any, values: Any, others: Any, accepted: Any
) -> None:
    taken, silent = set(), []
    for document, parameter in parameters:
        if is_runbook(library[document]):
            continue
        declared, rest = library[document]["parameters"], others(document, parameter)
        for name, value in values(document, parameter).items():
            try:
                typed(declared, {key: [text] for key, text in {**rest, parameter: value}.items()})
                taken.add((document, parameter, name))
            except SsmError as error:
                if f"Parameter {parameter} " not in str(error):
                    silent.append((document, parameter, name, str(error)))
    to_the_agent = {entry for entry in taken if entry[2] in accepted["refused_by_the_agent"]}
    assert taken - to_the_agent == known(accepted, "handled_as_data")
    assert {value for _, _, value in to_the_agent} == set(accepted["refused_by_the_agent"])
    assert silent == []


def test_a_runbook_starts_with_no_hostile_value_but_those_listed(
    library: Any, parameters: Any, values: Any, others: Any, accepted: Any
) -> None:
    taken, silent = set(), []
    runbooks = {name: parse_runbook(content) for name, content in library.items() if is_runbook(content)}
    for document, parameter in parameters:
        # What is a role's ARN is judged after the parameters, see below.
        if document not in runbooks or parameter == ROLE_PARAMETER:
            continue
        rest = others(document, parameter)
        for name, value in values(document, parameter).items():
            try:
                typed_parameters(runbooks[document], {k: [text] for k, text in {**rest, parameter: value}.items()})
                taken.add((document, parameter, name))
            except ApiError as error:
                if f'Parameter "{parameter}" ' not in str(error):
                    silent.append((document, parameter, name, str(error)))
    assert taken == known(accepted, "starts_a_runbook")
    assert silent == []


@pytest.fixture(scope="module")
def ssm(library: Any) -> Iterator[Any]:
    """A client of an endpoint that has the library."""
    cloud = Cloud(CloudSettings(listen=(("127.0.0.1", 0),), instant_hosts=True))
    cloud.start()
    session = boto3.session.Session("AKIAADMINISTRATOR000", "unchecked", region_name="us-east-1")
    client: Any = session.client("ssm", endpoint_url=cloud.url)
    for name, content in library.items():
        kind = "Automation" if is_runbook(content) else "Command"
        client.create_document(Name=name, Content=json.dumps(content), DocumentType=kind)
    yield client
    cloud.stop()


def refusal(ssm: Any, content: Any, document: str, given: dict[str, str]) -> tuple[str, str]:
    """The code and the message with which a start is refused, or empty texts."""
    values = {name: [text] for name, text in given.items()}
    try:
        if is_runbook(content):
            ssm.start_automation_execution(DocumentName=document, Parameters=values)
        else:
            ssm.send_command(DocumentName=document, Targets=NOBODY, Parameters=values)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return "", ""


def test_over_the_wire_each_parameter_refuses(
    ssm: Any, library: Any, parameters: Any, values: Any, others: Any, accepted: Any, hostile: Any
) -> None:
    harmless = {*accepted["refused_by_the_agent"], "then upwards", "longest, from a good value"}
    names = itertools.cycle([name for name in hostile.hostile_values("x") if name not in harmless])
    wrong = []
    for document, parameter in parameters:
        name = next(names)
        given = {**others(document, parameter), parameter: values(document, parameter)[name]}
        code, message = refusal(ssm, library[document], document, given)
        expected = (
            "InvalidAutomationExecutionParametersException" if is_runbook(library[document]) else "InvalidParameters"
        )
        named = message == ROLE_REFUSED if parameter == ROLE_PARAMETER else parameter in message
        if code != expected or not named:
            wrong.append((document, parameter, name, code, message))
    assert wrong == []


def test_over_the_wire_no_hostile_value_is_a_role(ssm: Any, library: Any, values: Any) -> None:
    document = "FlaskOps-VerifyStack"
    for name, value in values(document, ROLE_PARAMETER).items():
        given = {"StackName": "flask-app", ROLE_PARAMETER: value}
        assert refusal(ssm, library[document], document, given)[1] == ROLE_REFUSED, name
