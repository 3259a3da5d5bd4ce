"""From a StartAutomationExecution request to an execution that can run."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.automation.access import (
    AssumeRoleDeniedError,
    AwsAccess,
    Caller,
    DocumentNotFoundError,
    Documents,
    DocumentVersionNotFoundError,
    Session,
    StoredDocument,
)
from rehearsal.automation.errors import ApiError, InvalidInputError, MalformedRunbookError
from rehearsal.automation.parameters import initial_variables, ssm_references, typed_parameters
from rehearsal.automation.records import ExecutionRecord
from rehearsal.automation.references import resolve
from rehearsal.automation.runbook import Runbook, parse_runbook
from rehearsal.automation.scope import Scope
from rehearsal.automation.statuses import Mode
from rehearsal.automation.targets import check_targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.automation.settings import EngineSettings

_NOT_ASSUMED = "The defined assume role is unable to be assumed"
_MOST_TAGS = 5
_ROLE_ARN = re.compile(r"^arn:aws[a-z0-9-]*:iam::\d{12}:role/.+$")


def refuse(message: str) -> ApiError:
    """Return the error for parameters that cannot start an execution."""
    return ApiError("InvalidAutomationExecutionParametersException", message)


@dataclass(frozen=True)
class Prepared:
    """A request whose document was found and whose parameters fit it."""

    document: StoredDocument
    runbook: Runbook
    supplied: Mapping[str, list[str]]
    values: Mapping[str, Any]

    def for_target(self, given: Mapping[str, list[str]]) -> Prepared:
        """Return the same for one target. Raises `ApiError` when its values do not fit the parameters."""
        supplied = {**self.supplied, **given}
        return replace(self, supplied=supplied, values=typed_parameters(self.runbook, supplied))

    def record(self, execution_id: str, request: Mapping[str, Any], caller: Caller) -> ExecutionRecord:
        """Return the record of the execution as it begins."""
        rates = (request.get("TargetLocations") or [{}])[0]
        return ExecutionRecord(
            execution_id=execution_id,
            document_name=self.document.name,
            document_version=self.document.version,
            executed_by=caller.arn,
            parameters={name: list(texts) for name, texts in self.supplied.items()},
            mode=Mode(request.get("Mode") or Mode.AUTO),
            tags=list(request.get("Tags") or []),
            alarms=request.get("AlarmConfiguration"),
            target_parameter=request.get("TargetParameterName"),
            targets=list(request.get("Targets") or []),
            target_maps=request.get("TargetMaps"),
            target_locations=request.get("TargetLocations"),
            max_concurrency=rates.get("TargetLocationMaxConcurrency") or request.get("MaxConcurrency"),
            max_errors=rates.get("TargetLocationMaxErrors") or request.get("MaxErrors"),
            automation_type="CrossAccount" if request.get("TargetLocations") else "Local",
        )

    def session(
        self, aws: AwsAccess, settings: EngineSettings, execution_id: str, caller: Caller
    ) -> tuple[Session, bool]:
        """Return the session of the runbook's role or of its caller, and whether it is a role's."""
        role = self._role(settings, execution_id)
        if role is not None and not _ROLE_ARN.match(role):
            raise refuse("The format of the supplied assume role ARN isn't valid.")
        try:
            return aws.session(role, execution_id, caller), role is not None
        except AssumeRoleDeniedError as error:
            reason = str(error).removeprefix(_NOT_ASSUMED).lstrip(":. ")
            raise refuse(f"{_NOT_ASSUMED}. {reason}".strip()) from error

    def _role(self, settings: EngineSettings, execution_id: str) -> str | None:
        if self.runbook.assume_role is None:
            return None
        scope = Scope(execution_id, settings, self.values, {})
        try:
            return str(resolve(self.runbook.assume_role, scope)) or None
        except InvalidInputError as error:
            raise refuse(f"assumeRole: {error}.") from error

    def scope(self, execution_id: str, settings: EngineSettings, session: Session) -> Scope:
        """Return what references stand for at the beginning. Reads `{{ssm:…}}` defaults from Parameter Store."""
        values = dict(self.values)
        for name, parameter in ssm_references({key: values[key] for key in values if key not in self.supplied}).items():
            values[name] = _from_store(session, name, parameter)
            if self.runbook.parameters[name]["type"] == "StringList":
                values[name] = str(values[name]).split(",")
        known = frozenset(step.name for step in self.runbook.all_steps())
        types = {name: str(definition["type"]) for name, definition in self.runbook.variables.items()}
        return Scope(execution_id, settings, values, initial_variables(self.runbook), known, types)


def _from_store(session: Session, name: str, parameter: str) -> Any:
    try:
        found = session.client("ssm").get_parameter(Name=parameter)["Parameter"]
    except (ClientError, BotoCoreError) as error:
        raise refuse(f"Parameter {name}: its default {{{{ssm:{parameter}}}}} cannot be read: {error}") from error
    if found.get("Type") == "SecureString":
        raise refuse(
            f"Parameter {name}: its default {{{{ssm:{parameter}}}}} is a SecureString, which is not supported."
        )
    return found["Value"]


def find_runbook(request: Mapping[str, Any], documents: Documents) -> tuple[StoredDocument, Runbook]:
    """Find and read the document that a request names."""
    name, version = str(request["DocumentName"]), request.get("DocumentVersion")
    try:
        document = documents.get(name, version)
    except DocumentVersionNotFoundError as error:
        raise ApiError(
            "AutomationDefinitionVersionNotFoundException", f"Document with name {name} version {version} not found."
        ) from error
    except DocumentNotFoundError as error:
        raise ApiError("AutomationDefinitionNotFoundException", f"Document with name {name} not found.") from error
    if document.document_type != "Automation":
        raise ApiError(
            "AutomationDefinitionNotFoundException",
            f"Document with name {name} is a {document.document_type} document, not an Automation document.",
        )
    try:
        return document, parse_runbook(document.content)
    except MalformedRunbookError as error:
        raise refuse(f"Document {name} version {document.version} cannot be executed: {error}") from error


def prepare(request: Mapping[str, Any], documents: Documents) -> Prepared:
    """Find the document and check the parameters. Raises `ApiError`."""
    if len(request.get("Tags") or []) > _MOST_TAGS:
        raise refuse(f"An execution has at most {_MOST_TAGS} tags.")
    document, runbook = find_runbook(request, documents)
    supplied = {str(name): [str(text) for text in texts] for name, texts in (request.get("Parameters") or {}).items()}
    later = target_parameters(request)
    unknown = sorted(later - set(runbook.parameters))
    if unknown:
        raise refuse(f"Target parameter name {unknown[0]} is not a parameter of the document (its case matters).")
    twice = sorted(later & set(supplied))
    if twice:
        raise refuse(f"Parameter {twice[0]} is given both in Parameters and by the targets.")
    return Prepared(document, runbook, supplied, typed_parameters(runbook, supplied, later))


def target_parameters(request: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters that targets give a value to. Raises `ApiError` for a request that contradicts itself."""
    targets, maps = request.get("Targets") or [], request.get("TargetMaps") or []
    name = request.get("TargetParameterName")
    if request.get("TargetLocationsURL"):
        raise refuse(
            "TargetLocationsURL is not supported by this endpoint: give the same locations in TargetLocations."
        )
    if targets and maps:
        raise refuse("Targets and TargetMaps cannot both be specified.")
    check_targets(targets)
    located = any(location.get("Targets") for location in request.get("TargetLocations") or [])
    if (targets or located) and not name:
        raise refuse("TargetParameterName is required with Targets.")
    if name and not targets and not located:
        raise refuse("Targets are required with TargetParameterName.")
    return frozenset({name}) if name else frozenset(str(key) for entry in maps for key in entry)
