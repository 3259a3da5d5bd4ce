"""Composes the endpoint: moto, what extends it, and the HTTP servers in front."""

from __future__ import annotations

import importlib
import itertools
import logging
import threading
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from rehearsal.cloud.endpoint import Endpoint
from rehearsal.cloud.http_server import HttpServer
from rehearsal.cloud.iam.authorizer import IamAuthorizer
from rehearsal.cloud.iam.usage import Usage
from rehearsal.cloud.imds import InstanceMetadata
from rehearsal.cloud.inventory import Ec2Inventory
from rehearsal.cloud.machines import Machines
from rehearsal.cloud.moto_door import ClosedDoorError, MotoDoor
from rehearsal.cloud.services import Services
from rehearsal.cloud.ssm.agent_messages import MessageDelivery
from rehearsal.cloud.ssm.operations import AGENT_OPERATIONS, OPERATIONS, UNSIGNED_OPERATIONS
from rehearsal.cloud.validation import ModelValidator

if TYPE_CHECKING:
    from rehearsal.automation import AutomationEngine
    from rehearsal.cloud.authorizer import ApiCall, Authorizer
    from rehearsal.cloud.functions.runner import FunctionRunner
    from rehearsal.cloud.settings import CloudSettings
    from rehearsal.cloud.ssm.models import SsmBackend
    from rehearsal.cloud.state import StateKeeper

WARM_SERVICES = ("ssm", "ec2", "sts", "iam", "cloudformation", "secretsmanager", "logs", "s3")
READING = ("Describe", "Get", "List", "Head", "Search", "Lookup", "BatchGet")
CLOCK_SECONDS = 0.5
BEATS_OF_SERVICES = 2
SHUTDOWN_POLL_SECONDS = 0.05
# Services that do something without being asked, and the backends with which they do.
ACTING = {
    "cloudwatch": ("rehearsal.cloud.cloudwatch.models", "AlarmsBackend"),
    "events": ("rehearsal.cloud.events.models", "EventBusBackend"),
    "fis": ("rehearsal.cloud.fis.models", "ExperimentsBackend"),
    "lambda": ("rehearsal.cloud.functions.models", "FunctionsBackend"),
    "scheduler": ("rehearsal.cloud.scheduler.models", "SchedulesBackend"),
    "sns": ("rehearsal.cloud.sns.models", "DeliveringSnsBackend"),
}

log = logging.getLogger(__name__)


class Cloud:
    """One AWS endpoint for one account, in this process.

    `start()` returns when all addresses listen; moto's services, which load slowly, are loaded in the background, and
    calls wait for them. `stop()` ends the servers and drops all state of moto. A second cloud in the same process
    raises RuntimeError: moto's state belongs to the process.

    `runner` runs the functions of Lambda; without one they are processes of this machine. The cloud closes it.
    """

    def __init__(
        self, settings: CloudSettings, authorizer: Authorizer | None = None, runner: FunctionRunner | None = None
    ) -> None:
        self.settings = settings
        self.door = MotoDoor(settings.account_id)
        self.usage = Usage()
        self.services = Services(self.door, settings, lambda: self.url, self._changed, lambda: runner or _own_runner())
        self._authorizer = authorizer
        self._keeper: StateKeeper | None = None
        self._warming: threading.Thread | None = None
        self._servers: list[HttpServer] = []
        self._stopping = threading.Event()
        self.endpoint: Endpoint | None = None

    @property
    def url(self) -> str:
        """The first address that the endpoint listens on, as AWS_ENDPOINT_URL takes it."""
        if not self._servers:
            raise RuntimeError("the cloud is not started")
        return f"http://{self._servers[0].host}:{self._servers[0].server_port}"

    @property
    def inventory(self) -> Ec2Inventory:
        """What the hosts' side may see of EC2."""
        # The door first, as the warm-up does: a cached property holds a lock of its own before Python 3.12, and two
        # threads that took the two locks in different order would wait for each other.
        self.door.prepare("ec2")
        return self._inventory

    @cached_property
    def _inventory(self) -> Ec2Inventory:
        backend = self.door.backend("ec2", self.settings.region)
        return Ec2Inventory(backend, instant=self.settings.instant_hosts)

    def ssm(self, region: str | None = None) -> SsmBackend:
        """The SSM backend of a Region, the cloud's own by default."""
        backend: SsmBackend = self.door.backend("ssm", region or self.settings.region)
        return backend

    def start(self) -> None:
        """Open moto's door, listen on every address. Raises OSError when an address is taken."""
        self.door.open()
        try:
            self.endpoint = self._compose()
            self._restore()
            for address, port in self.settings.listen:
                self._servers.append(HttpServer(address, port, self.endpoint))
        except BaseException:
            self.stop()
            raise
        self._stopping.clear()
        self.services.open()
        for server in self._servers:
            self._in_background(partial(server.serve_forever, SHUTDOWN_POLL_SECONDS), f"endpoint {server.host}")
        self._warming = self._in_background(partial(self._warm_up, self.endpoint), "warm-up")
        self._in_background(self._run_clock, "clock")
        if self._keeper is not None:
            self._keeper.start()

    def stop(self) -> None:
        """End everything that `start` began. Safe to call twice."""
        self._stopping.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self._servers.clear()
        if self._warming is not None:
            self._warming.join()  # it would create moto's own backends in the registries of whoever opens them next
            self._warming = None
        self.services.close()  # what is under way ends before the last save
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        for backend in self._ssm_backends():
            backend.close()
        vars(self).pop("_inventory", None)
        self.door.close()

    def _compose(self) -> Endpoint:
        settings = self.settings
        self.door.extend_first(self._extend_core)
        self.door.extend_on_use("cloudtrail", self._load_trail)
        self.door.extend_on_use("sts", self._load_sts)
        self.door.extend_on_use("s3", self._load_s3)
        for service, (module, name) in ACTING.items():
            self.door.extend_on_use(service, partial(self._load_acting, module, name))
        self._authorizer = self._authorizer or IamAuthorizer(self.door, settings.account_id, self.usage)
        self.door.extend_on_use("cloudformation", self._load_cloudformation)
        return Endpoint(
            settings,
            self._authorizer,
            validate=ModelValidator({"ssm": OPERATIONS}),
            handlers={"ec2messages": MessageDelivery(self.ssm, settings.long_poll, lambda: self.url)},
            metadata=InstanceMetadata(Machines(self.door, settings.region), self.door, settings),
            prepare=self.door.prepare,
            answered=self._answered,
            unmodelled={"ssm": AGENT_OPERATIONS},
            unsigned={"ssm": UNSIGNED_OPERATIONS},
        )

    def _extend_core(self) -> None:
        """Extend the services that moto's others reach into; their modules take most of the time of a start."""
        from rehearsal.cloud.ec2.backend import HostedEc2Backend  # noqa: PLC0415 - see above
        from rehearsal.cloud.events.commands import CommandEvents  # noqa: PLC0415 - see above
        from rehearsal.cloud.iam.models import AuditedIamBackend  # noqa: PLC0415 - see above
        from rehearsal.cloud.ssm.models import SsmBackend  # noqa: PLC0415 - see above

        self.door.extend("ec2", HostedEc2Backend)
        self.door.extend("iam", partial(AuditedIamBackend, usage=self.usage))

        def make_ssm(region_name: str, account_id: str) -> SsmBackend:
            made = SsmBackend(
                region_name, account_id, door=self.door, settings=self.settings, open_engine=self._open_engine
            )
            made.commands.on_change(CommandEvents(self.services, region_name, account_id))
            return made

        self.door.extend("ssm", make_ssm)
        self.inventory.touch()  # it tells EC2 whether somebody runs machines, before there are any

    def _restore(self) -> None:
        """Take up the state that an earlier process left, where there is a folder for it."""
        if self.settings.state_folder is None:
            return
        from rehearsal.cloud.state import StateKeeper  # noqa: PLC0415 - most tests keep no state

        path = self.settings.state_folder / "endpoint.state"
        living = {"settings": self.settings, "services": self.services}
        self._keeper = StateKeeper(self.door, path, living, {"usage": self.usage})
        self._keeper.restore()

    def _answered(self, call: ApiCall) -> None:
        """A call has been answered: what it may have changed is announced and saved."""
        if call.operation.startswith(READING):
            if call.service == "cloudformation" and self._keeper is not None:
                self._keeper.settle()
            return
        if call.service in {"ec2", "cloudformation"}:
            self.inventory.touch()
        if self._keeper is not None:
            self._keeper.changed(stacks=call.service == "cloudformation")

    def _load_trail(self) -> Any:
        from rehearsal.cloud.iam.trail.models import TrailBackend  # noqa: PLC0415 - few rehearsals ask for it

        return partial(TrailBackend, usage=self.usage)

    def _load_sts(self) -> Any:
        from rehearsal.cloud.sts.models import IdentifiedStsBackend  # noqa: PLC0415 - imports moto's services

        return IdentifiedStsBackend

    def _load_s3(self) -> Any:
        from rehearsal.cloud.s3.models import AuthorizedS3Backend  # noqa: PLC0415 - imports moto's services

        return AuthorizedS3Backend

    def _load_acting(self, module: str, name: str) -> Any:
        """A backend that acts by itself: importing it takes what its service takes in moto."""
        return partial(getattr(importlib.import_module(module), name), services=self.services)

    def _load_cloudformation(self) -> Any:
        from rehearsal.cloud.cloudformation.connector import EndpointConnector  # noqa: PLC0415 - loads all of moto
        from rehearsal.cloud.cloudformation.models import StackBackend  # noqa: PLC0415 - the same

        return partial(StackBackend, connector=EndpointConnector(lambda: self.url))

    def _open_engine(self, backend: SsmBackend) -> AutomationEngine:
        from rehearsal.automation import AutomationEngine, EngineSettings, SqliteStore  # noqa: PLC0415 - not at a start
        from rehearsal.cloud.aws_access import Clients, EndpointAccess  # noqa: PLC0415 - imports boto3
        from rehearsal.cloud.ssm.runbooks import Runbooks  # noqa: PLC0415 - the same

        region, folder = backend.region_name, self.settings.state_folder
        return AutomationEngine(
            EndpointAccess(self.door, self.settings, region, Clients(lambda: self.url)),
            SqliteStore(folder / f"executions-{region}.sqlite" if folder else None),
            EngineSettings(
                account_id=self.settings.account_id,
                region=region,
                listener=partial(self.services.emit, region),
            ),
            Runbooks(backend.documents),
        )

    def _changed(self) -> None:
        if self._keeper is not None:
            self._keeper.changed()

    def _ssm_backends(self) -> list[SsmBackend]:
        return list(self.door.backends("ssm").values())

    def _run_clock(self) -> None:
        for beat in itertools.count():
            if self._stopping.wait(CLOCK_SECONDS):
                return
            if beat % BEATS_OF_SERVICES == 0:
                self.services.sweep()
            for backend in self._ssm_backends():
                try:
                    backend.sweep()
                except ClosedDoorError:
                    return
                except Exception:
                    log.exception("the clock of %s failed; it goes on", backend.region_name)

    def _warm_up(self, endpoint: Endpoint) -> None:
        try:
            endpoint.warm_up(itertools.takewhile(lambda _: not self._stopping.is_set(), WARM_SERVICES))
        except Exception:
            log.exception("could not load moto's services ahead of their first use")

    def _in_background(self, work: Any, name: str) -> threading.Thread:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        return thread


def _own_runner() -> FunctionRunner:
    from rehearsal.cloud.functions.process_runner import ProcessRunner  # noqa: PLC0415 - when the first function runs

    return ProcessRunner()
