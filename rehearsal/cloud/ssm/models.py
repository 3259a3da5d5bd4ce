"""The SSM backend: moto's, with documents that are checked, commands that run and associations that apply."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from moto.ssm.models import SimpleSystemManagerBackend

from rehearsal.automation import Caller
from rehearsal.cloud.ec2.images import offer_parameters
from rehearsal.cloud.iam.principals import Principals
from rehearsal.cloud.machines import Machines
from rehearsal.cloud.ssm import targets
from rehearsal.cloud.ssm.activations import Activations
from rehearsal.cloud.ssm.association_service import AssociationService
from rehearsal.cloud.ssm.command_service import CommandService
from rehearsal.cloud.ssm.document_service import DocumentService
from rehearsal.cloud.ssm.mailboxes import Mailboxes
from rehearsal.cloud.ssm.managed import ManagedNodes
from rehearsal.cloud.ssm.notifications import Notifications

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehearsal.automation import AutomationEngine
    from rehearsal.cloud.moto_door import MotoDoor
    from rehearsal.cloud.settings import CloudSettings
    from rehearsal.cloud.ssm.documents import DocumentHistory

    EngineOpener = Callable[["SsmBackend"], AutomationEngine]


PUBLIC_PARAMETERS = "/aws/"


class SsmBackend(SimpleSystemManagerBackend):
    """The state of Systems Manager in one account and Region.

    moto's parameters, maintenance windows and patch baselines are untouched. moto's methods of the documents API keep
    their signatures, because moto's own CloudFormation classes call them.
    """

    def __init__(
        self, region_name: str, account_id: str, *, door: MotoDoor, settings: CloudSettings, open_engine: EngineOpener
    ) -> None:
        super().__init__(region_name, account_id)
        self.door = door
        self.lock = threading.RLock()
        self.machines = Machines(door, region_name)
        self.nodes = ManagedNodes(self.machines, settings.silence_limit)
        self.mailboxes = Mailboxes()
        self.documents = DocumentService(self)
        self.commands = CommandService(self)
        self.commands.on_change(Notifications(door, region_name))
        self.associations = AssociationService(self)
        self.activations = Activations(self)
        self._open_engine = open_engine
        offer_parameters(self)
        self._engine: AutomationEngine | None = None

    def sweep(self) -> None:
        """Do what is due: called regularly by the cloud's clock."""
        self.commands.sweep()
        self.associations.sweep()

    def close(self) -> None:
        """Let go of everything that waits."""
        self.mailboxes.close()
        with self.lock:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()

    @property
    def automation(self) -> AutomationEngine:
        """The engine that runs this account's runbooks, opened when it is first asked for."""
        with self.lock:
            if self._engine is None:
                self._engine = self._open_engine(self)
            return self._engine

    def automation_caller(self, access_key: str) -> Caller:
        """Return who an access key belongs to, as executions show it."""
        principal = Principals(self.door, self.account_id).find(access_key)
        return Caller(arn=principal.arn, account_id=principal.account_id, access_key_id=access_key)

    def describe_parameters(self, *filters: Any) -> list[Any]:
        """Parameters of the account; AWS's public ones are read by name and path, and never listed here."""
        found = super().describe_parameters(*filters)
        return [parameter for parameter in found if not parameter.name.startswith(PUBLIC_PARAMETERS)]

    def __getstate__(self) -> dict[str, Any]:
        """What a restart takes up again: all but the engine, which keeps its executions itself."""
        return {name: value for name, value in vars(self).items() if name not in {"_engine", "_open_engine"}}

    def reset(self) -> None:
        """End; a cloud drops its backends, and moto could not construct this one anew."""
        self.close()

    def machines_reachable(self, instance_id: str) -> bool:
        """Whether a message for this host can be delivered at all."""
        return targets.is_reachable(instance_id, self.machines)

    @property
    def own_documents(self) -> dict[str, DocumentHistory]:
        """The account's documents by name."""
        documents: dict[str, Any] = self._documents
        return documents

    def document_tags(self, name: str) -> list[dict[str, str]]:
        """A document's tags as the API lists them."""
        tags: list[dict[str, str]] = self._get_documents_tags(name)
        return tags

    def forget_document_tags(self, name: str) -> None:
        """A deleted document's tags go with it."""
        self._resource_tags["Document"].pop(name, None)

    def create_document(self, content: Any, name: str, **moto: Any) -> Any:  # type: ignore[override] # moto passes names
        """CreateDocument in moto's signature, for its CloudFormation type."""
        return self.documents.create({"Name": name, "Content": content, **_in_botocore_names(moto)})

    def update_document(self, content: Any, name: str, **moto: Any) -> Any:  # type: ignore[override] # the same
        """UpdateDocument in moto's signature."""
        added = self.documents.update({"Name": name, "Content": content, **_in_botocore_names(moto)})
        return added.description_of(self.documents.history(name), self.document_tags(name))

    def delete_document(self, name: str, document_version: str, version_name: str, force: bool) -> None:
        """DeleteDocument in moto's signature."""
        self.documents.delete(
            {"Name": name, "DocumentVersion": document_version, "VersionName": version_name, "Force": force}
        )


def _in_botocore_names(moto: dict[str, Any]) -> dict[str, Any]:
    """`document_version` → `DocumentVersion`; what is not given is left out."""
    return {
        "".join(word.capitalize() for word in key.split("_")): value for key, value in moto.items() if value is not None
    }
