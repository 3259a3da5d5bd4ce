"""When there is something to do for a host: by EC2's word, the container's status and what was done before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from rehearsal.cloud.inventory import Egress, SecurityRule, Volume
from rehearsal.hosts import host as host_module
from rehearsal.hosts import machine
from rehearsal.hosts.host import Host, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import MakeHost

    from rehearsal.cloud.inventory import HostSpec, Snapshot
    from rehearsal.settings import Settings


class Reports:
    def __init__(self) -> None:
        self.reported: list[str] = []

    def report(self, _: str, state: str, detail: str = "") -> None:
        del detail
        self.reported.append(state)


class FakeMachine:
    """A container's stand-in, and a note of what was done to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.container: Any = None
        self.done: list[str] = []
        monkeypatch.setattr(Host, "container", lambda _: self.container)
        monkeypatch.setattr(machine, "create", self._create)
        for name in ("trust", "put_settle", "settle_now", "wait_until_up", "shut_down"):
            monkeypatch.setattr(machine, name, lambda *_, name=name: self.done.append(name))

    def exists(self, status: str, exit_code: int = 0) -> None:
        self.container = SimpleNamespace(
            status=status,
            attrs={"State": {"ExitCode": exit_code}},
            start=lambda: self.done.append("start"),
            remove=lambda **_: self.done.append("remove"),
        )

    def _create(self, *_: object) -> Any:
        self.done.append("create")
        self.exists("created")
        return self.container


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeMachine:
    return FakeMachine(monkeypatch)


@pytest.fixture
def reports() -> Reports:
    return Reports()


@pytest.fixture
def host(settings: Settings, reports: Reports) -> Host:
    volumes = SimpleNamespace(attach=lambda _: ())
    return Host("i-1", World(None, settings, reports, volumes, machine.Surroundings("image", b""), 4566))  # type: ignore[arg-type]  # stand-ins


def agree(host: Host, spec: HostSpec, make_snapshot: Callable[..., Snapshot]) -> None:
    host.agree(spec, make_snapshot(spec))


@pytest.mark.parametrize(
    ("state", "exists", "done", "reported"),
    [
        ("pending", None, ["create", "start", "wait_until_up"], ["running"]),
        ("pending", "exited", ["trust", "put_settle", "start", "wait_until_up"], ["running"]),
        ("running", "running", ["trust", "settle_now", "wait_until_up"], ["running"]),
        ("stopping", "running", ["shut_down"], ["stopped"]),
        ("stopping", "exited", [], ["stopped"]),
        ("stopped", None, [], ["stopped"]),
        ("shutting-down", "running", ["remove"], ["terminated"]),
        ("terminated", None, [], ["terminated"]),
    ],
)
def test_what_each_state_leads_to(
    host: Host, fake: FakeMachine, reports: Reports, make_host: MakeHost, make_snapshot: Callable[..., Snapshot],
    state: str, exists: str | None, done: list[str], reported: list[str],
) -> None:  # fmt: skip
    if exists:
        fake.exists(exists)
    agree(host, make_host(state=state), make_snapshot)
    assert (fake.done, reports.reported) == (done, reported)


def test_nothing_is_due_once_the_machine_is_as_ec2_says(
    host: Host, fake: FakeMachine, make_host: MakeHost, make_snapshot: Callable[..., Snapshot]
) -> None:
    spec = make_host(state="running")
    assert host.is_due(spec, make_snapshot(spec), None)
    agree(host, spec, make_snapshot)
    assert fake.done
    assert not host.is_due(spec, make_snapshot(spec), "running")


@pytest.mark.parametrize(
    "change",
    [
        {"rules": (SecurityRule("ingress", "tcp", 80, 80, ("0.0.0.0/0",)),)},
        {"egress": Egress.NAT},
        {"volumes": (Volume("vol-0aaa", "/dev/xvdf", 1),)},
        {"boot": 1},
        {"state": "pending"},
        {"state": "stopping"},
    ],
)
@pytest.mark.usefixtures("fake")
def test_a_change_that_the_machine_depends_on_is_due(
    host: Host, make_host: MakeHost, make_snapshot: Callable[..., Snapshot], change: dict[str, Any]
) -> None:
    agree(host, make_host(), make_snapshot)
    changed = make_host(**change)
    assert host.is_due(changed, make_snapshot(changed), "running")


@pytest.mark.usefixtures("fake")
def test_a_name_or_a_tag_asks_for_nothing(
    host: Host, make_host: MakeHost, make_snapshot: Callable[..., Snapshot]
) -> None:
    agree(host, make_host(), make_snapshot)
    renamed = make_host(name="web", tags={"Name": "web"}, instance_type="t3.small")
    assert not host.is_due(renamed, make_snapshot(renamed), "running")


@pytest.mark.usefixtures("fake")
def test_a_container_that_is_gone_is_due(
    host: Host, make_host: MakeHost, make_snapshot: Callable[..., Snapshot]
) -> None:
    agree(host, make_host(), make_snapshot)
    assert host.is_due(make_host(), make_snapshot(make_host()), None)
    assert host.is_due(make_host(), make_snapshot(make_host()), "exited")


def test_a_higher_boot_number_restarts_once(
    host: Host, fake: FakeMachine, make_host: MakeHost, make_snapshot: Callable[..., Snapshot]
) -> None:
    fake.exists("running")
    agree(host, make_host(boot=3), make_snapshot)
    assert "shut_down" not in fake.done, "a host that was found running has booted already"
    fake.done.clear()
    agree(host, make_host(boot=4), make_snapshot)
    assert fake.done == ["put_settle", "shut_down", "start", "wait_until_up"]
    fake.done.clear()
    agree(host, make_host(boot=4), make_snapshot)
    assert fake.done == ["settle_now", "wait_until_up"]


@pytest.mark.parametrize(
    ("exit_code", "done", "reported"),
    [(130, [], "stopped"), (129, ["put_settle", "start", "wait_until_up"], "running")],
)
def test_a_host_that_ended_by_itself_powered_off_or_rebooted(
    host: Host, fake: FakeMachine, reports: Reports, make_host: MakeHost, make_snapshot: Callable[..., Snapshot],
    exit_code: int, done: list[str], reported: str,
) -> None:  # fmt: skip
    agree(host, make_host(), make_snapshot)
    fake.done.clear()
    fake.exists("exited", exit_code)
    agree(host, make_host(), make_snapshot)
    assert (fake.done, reports.reported[-1]) == (done, reported)


@pytest.mark.usefixtures("fake")
def test_a_host_in_a_vpc_that_is_not_listed_is_an_error(
    host: Host, make_host: MakeHost, make_snapshot: Callable[..., Snapshot]
) -> None:
    with pytest.raises(host_module.HostsError, match="i-1 is in vpc-9, which EC2 does not list"):
        agree(host, make_host(vpc_id="vpc-9"), make_snapshot)
