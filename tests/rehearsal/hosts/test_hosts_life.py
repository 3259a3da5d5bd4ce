"""Starting, stopping, rebooting, volumes and taking down, on real hosts."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from rehearsal import hosts
from rehearsal.cloud.inventory import Volume
from rehearsal.hosts.errors import HostsError, OtherRehearsalError
from rehearsal.hosts.internet import ACME_ROOT
from rehearsal.hosts.machine import container_name
from rehearsal.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lab


def boot_id(lab: Lab, instance_id: str) -> str:
    """What differs from boot to boot: when the container's first process began."""
    return lab.on(instance_id, "stat -c %Y.%Z /proc/1; systemctl show -p UserspaceTimestampMonotonic").stdout


def test_a_host_is_reported_running_once_its_init_system_is_up(lab: Lab) -> None:
    lab.settle(lab.host("i-life", "10.0.1.30"))
    assert lab.inventory.reports[-1] == ("i-life", "running", "")
    assert lab.on("i-life", "systemctl is-active basic.target").stdout == "active\n"
    assert lab.on("i-life", "hostname").stdout == "ip-10-0-1-30\n"
    assert "Reached target" in lab.reconciler.console("i-life")


def test_stop_and_start_keep_files_and_take_services_along(lab: Lab) -> None:
    lab.on("i-life", "echo kept > /var/kept")
    lab.inventory.change("i-life", state="stopping")
    lab.reconciler.wait_settled(60)
    assert lab.inventory.state("i-life") == "stopped"
    with pytest.raises(HostsError, match="cannot be run"):
        lab.on("i-life", "true")
    lab.inventory.change("i-life", state="pending")
    lab.reconciler.wait_settled(60)
    assert lab.on("i-life", "cat /var/kept").stdout == "kept\n"


def test_a_higher_boot_number_reboots_once(lab: Lab) -> None:
    before = boot_id(lab, "i-life")
    lab.inventory.change("i-life", boot=lab.spec("i-life").boot + 1)
    lab.reconciler.wait_settled(60)
    after = boot_id(lab, "i-life")
    assert after != before
    lab.inventory.change("i-life", tags={"Name": "another"})
    lab.reconciler.wait_settled(60)
    assert boot_id(lab, "i-life") == after


def test_a_host_that_reboots_itself_comes_back(lab: Lab) -> None:
    before = boot_id(lab, "i-life")
    lab.on("i-life", "systemctl reboot")

    def is_back() -> bool:
        try:
            return boot_id(lab, "i-life") != before
        except HostsError:
            return False

    lab.until("the reboot", is_back)
    assert lab.inventory.state("i-life") == "running"


def test_a_host_that_powers_itself_off_stays_off(lab: Lab) -> None:
    lab.settle(lab.host("i-off", "10.0.1.31"))
    lab.on("i-off", "systemctl poweroff")
    lab.until("EC2 to say stopped", lambda: lab.inventory.state("i-off") == "stopped")
    lab.reconciler.wait_settled(60)
    assert lab.client.containers.get(container_name(lab.settings, "i-off")).status == "exited"


def test_a_volume_outlives_the_host_that_it_was_attached_to(lab: Lab) -> None:
    volume = Volume("vol-0123456789abcdef0", "/dev/xvdf", 1)
    lab.settle(dataclasses.replace(lab.spec("i-life"), volumes=(volume,)))
    by_id = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"
    made = lab.on(
        "i-life", f"mkfs.ext4 -q -L data {by_id} && mount {by_id} /mnt && echo data > /mnt/file && umount /mnt"
    )
    assert made.code == 0, made.stderr
    lab.settle(dataclasses.replace(lab.spec("i-life"), volumes=()))
    assert lab.on("i-life", f"test -e {by_id} || test -e /dev/xvdf").code == 1
    lab.settle(lab.host("i-other", "10.0.1.32", volumes=(volume,)))
    assert lab.on("i-other", "mount /dev/xvdf /mnt && cat /mnt/file").stdout == "data\n"
    assert lab.on("i-other", "umount /mnt && mount LABEL=data /mnt").code == 0, "as /etc/fstab would name it"


def test_a_terminated_host_leaves_nothing(lab: Lab) -> None:
    lab.inventory.change("i-other", state="shutting-down")
    lab.reconciler.wait_settled(60)
    assert lab.inventory.state("i-other") == "terminated"
    assert lab.client.containers.list(all=True, filters={"label": "rehearsal.instance=i-other"}) == []


def test_a_host_in_an_unknown_vpc_is_impaired_and_the_others_live_on(lab: Lab) -> None:
    lab.inventory.set(lab.host("i-lost", "10.0.1.40", vpc_id="vpc-unknown"))
    lab.until("the report", lambda: any(report[:2] == ("i-lost", "impaired") for report in lab.inventory.reports))
    assert "vpc-unknown" in next(report[2] for report in lab.inventory.reports if report[0] == "i-lost")
    assert lab.on("i-life", "true").code == 0
    lab.inventory.change("i-lost", state="terminated")
    lab.reconciler.wait_settled(60)


def test_hosts_are_found_again_and_strangers_are_removed(lab: Lab) -> None:
    """As after a kill of the process that ran them: one host EC2 still has, another it has never heard of."""
    lab.reconciler.stop()
    before = boot_id(lab, "i-life")
    root_before = lab.internet.run(["cat", ACME_ROOT]).stdout
    labels = {"rehearsal.project": lab.settings.project, "rehearsal.role": "host", "rehearsal.instance": "i-stranger"}
    stranger = lab.client.containers.run(lab.images.internet, ["sleep", "600"], detach=True, labels=labels)
    outside = hosts.open_outside(lab.settings, lab.images)
    again = hosts.Reconciler(lab.inventory, lab.settings, lab.images, 4566, outside)
    again.start()
    try:
        again.wait_settled(60)
        assert boot_id(lab, "i-life") == before
        assert stranger.id not in [container.id for container in lab.client.containers.list(all=True)]
        assert lab.on("i-life", "tail -n 1 /etc/ssl/certs/ca-certificates.crt").stdout == "-----END CERTIFICATE-----\n"
        root = lab.internet.run(["cat", ACME_ROOT]).stdout
        assert root == root_before, "the outside is taken over: what its ACME server has issued stays valid"
        assert root in lab.on("i-life", "cat /etc/ssl/certs/ca-certificates.crt").stdout
        trusted = lab.internet.run(["cat", "/etc/ssl/certs/ca-certificates.crt"]).stdout
        assert trusted.count(root) == 1
    finally:
        again.stop()


def test_an_outside_that_is_made_of_something_else_is_made_anew(lab: Lab) -> None:
    lab.reconciler.stop()
    root_before = lab.internet.run(["cat", ACME_ROOT]).stdout
    other = dataclasses.replace(lab.settings.outside, git_host="code.example.test")
    settings = dataclasses.replace(lab.settings, outside=other)
    again = hosts.Reconciler(lab.inventory, settings, lab.images, 4566, hosts.open_outside(settings, lab.images))
    again.start()
    try:
        again.wait_settled(60)
        assert lab.internet.run(["cat", ACME_ROOT]).stdout != root_before
        listed = lab.internet.run(["git", "ls-remote", "https://code.example.test/flask-app.git"])
        assert listed.stdout.endswith("refs/heads/main\n"), listed.stderr
    finally:
        again.stop()


def test_another_checkout_is_told_whose_rehearsal_it_is(lab: Lab, tmp_path: Path, quiet: hosts.Progress) -> None:
    (tmp_path / "rehearsal.toml").write_text('name = "other"\n')
    with pytest.raises(OtherRehearsalError, match=str(lab.settings.root)):
        hosts.prepare(load_settings(tmp_path / "rehearsal.toml"), {}, quiet)


def test_teardown_removes_all_that_was_made_and_is_safe_to_repeat(lab: Lab, quiet: hosts.Progress) -> None:
    """The last test of this file: it takes the lab away, as `down` does after a rehearsal that was killed."""
    hosts.teardown(lab.settings, quiet)
    mark = {"label": f"rehearsal.project={lab.settings.project}"}
    assert lab.client.containers.list(all=True, filters=mark) == []
    assert lab.client.networks.list(filters=mark) == []
    loops = json.loads(subprocess.check_output(["losetup", "--list", "--json"]) or b'{"loopdevices": []}')
    assert not [loop for loop in loops["loopdevices"] if str(lab.settings.root) in loop["back-file"]]
    assert not (lab.settings.state_folder / "volumes").exists()
    hosts.teardown(lab.settings, quiet)
