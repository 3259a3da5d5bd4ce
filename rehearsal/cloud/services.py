"""What services that act by themselves share: the door, clients with roles' credentials, threads, the clock's scale.

Lambda, CloudWatch, EventBridge, its Scheduler and SNS call each other without anybody's request. Their state stands in
moto's backends and is saved with them; what lives in this process stands here, and a restart makes it anew.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from rehearsal.cloud.functions.runner import RunnerError
from rehearsal.cloud.moto_door import ClosedDoorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rehearsal.cloud.functions.runner import FunctionRunner
    from rehearsal.cloud.grants import Grants
    from rehearsal.cloud.moto_door import MotoDoor
    from rehearsal.cloud.role_clients import RoleClients
    from rehearsal.cloud.settings import CloudSettings

SWEPT = ("lambda", "cloudwatch", "events", "scheduler", "fis")
MINUTE = 60.0
MAX_THREADS = 24

log = logging.getLogger(__name__)


class Claimable(Protocol):
    """What waits to be done, once."""

    is_running: bool
    due: float


class Services:
    """Made once a cloud. `url` is asked for late: the port is known only once the endpoint listens.

    `changed` is called when the state that is to be saved has changed without a request.
    """

    def __init__(
        self,
        door: MotoDoor,
        settings: CloudSettings,
        url: Callable[[], str],
        changed: Callable[[], None],
        make_runner: Callable[[], FunctionRunner],
    ) -> None:
        self.door = door
        self.settings = settings
        self.url = url
        self.changed = changed
        self._make_runner = make_runner
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._runner: FunctionRunner | None = None
        self._closing = threading.Event()

    def real_seconds(self, seconds: float) -> float:
        """How long a time of schedules and alarms lasts here: a minute lasts `tick_seconds`."""
        return seconds * self.settings.tick_seconds / MINUTE

    def queue_url(self, arn: str) -> str:
        """The URL of a queue by its ARN: who may send to a queue need not be allowed to ask for it."""
        return f"{self.url()}/{arn.split(':')[4]}/{arn.rsplit(':', 1)[1]}"

    @cached_property
    def roles(self) -> RoleClients:
        """Clients with the credentials of roles that services assume."""
        from rehearsal.cloud.role_clients import RoleClients  # noqa: PLC0415 - imports boto3

        return RoleClients(self.door, self.settings, self.url)

    @cached_property
    def grants(self) -> Grants:
        """What the policies of topics, queues, keys and functions let services do."""
        from rehearsal.cloud.grants import Grants  # noqa: PLC0415 - few clouds need it

        return Grants(self.door, self.settings)

    @property
    def runner(self) -> FunctionRunner:
        """What runs functions, made when the first one runs. Raises RunnerError while the cloud stops."""
        with self._lock:
            if self.is_closing:
                raise RunnerError("the cloud is stopping: no function is started any more")
            if self._runner is None:
                self._runner = self._make_runner()
            return self._runner

    def submit(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Do something in the background. What goes wrong there is for the log."""
        with self._lock:
            if self.is_closing:
                log.debug("not done, the cloud is stopping: %s", work)
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="service")
            self._pool.submit(self._guarded, work, *arguments)

    def claim(self, waiting: Claimable) -> bool:
        """Whether something is due and nobody else's: the clock and any request may look at the same time."""
        with self._lock:
            is_free = not waiting.is_running and waiting.due <= time.time()
            waiting.is_running = waiting.is_running or is_free
            return is_free

    def open(self) -> None:
        """Take on work again after `close`."""
        self._closing.clear()

    @property
    def is_closing(self) -> bool:
        """Whether what is under way should come to its end."""
        return self._closing.is_set()

    def emit(self, region: str, event: Mapping[str, Any]) -> None:
        """Put an event of an AWS service on the default bus, where EventBridge is in use at all."""
        backend = self.door.backends("events").get(region)
        if backend is not None and hasattr(backend, "accept"):
            backend.accept(event)

    def sweep(self) -> None:
        """Do what is due in every service that is in use: called about once a second."""
        for name in SWEPT:
            self._guarded(self._sweep_all, name)
        with self._lock:
            runner = self._runner
        if runner is not None:
            self._guarded(runner.sweep)

    def close(self) -> None:
        """End what runs, and start nothing more until `open`. Safe to call twice."""
        with self._lock:
            self._closing.set()
            pool, self._pool = self._pool, None
            runner, self._runner = self._runner, None
        if runner is not None:
            self._guarded(runner.close)  # whatever it meets, the state is saved after this
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _sweep_all(self, name: str) -> None:
        for backend in self.door.backends(name).values():
            sweep = getattr(backend, "sweep", None)
            if sweep is not None:
                self._guarded(sweep)

    def _guarded(self, work: Callable[..., Any], *arguments: Any) -> None:
        try:
            work(*arguments)
        except ClosedDoorError:
            log.debug("given up, the cloud has stopped: %s", work)
        except Exception:
            log.exception("%s failed", getattr(work, "__qualname__", work))


class Extended:
    """What the backends that act by themselves have in common. The pickled state holds `services` by name only."""

    services: Services

    def reset(self) -> None:
        """End; a cloud drops its backends, and moto could not construct these anew."""
