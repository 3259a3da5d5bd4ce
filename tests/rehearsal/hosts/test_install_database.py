"""The database server's installation on a bare host, with a first start that fails as Debian's sometimes does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal.cloud.inventory import Egress

if TYPE_CHECKING:
    from conftest import Lab

    from rehearsal.hosts.execution import Completed

SCRIPTS = Path(__file__).resolve().parents[3] / "ssm_documents" / "scripts"

DIVERT = """
dpkg-divert --quiet --local --rename --divert /usr/sbin/mysqld.real --add /usr/sbin/mysqld
cat >/usr/sbin/mysqld <<'END'
#!/bin/sh
left=$(cat /var/lib/first-starts-that-fail)
case " $* " in *" --initialize-insecure "*)
  if [ "$left" -gt 0 ]; then
    echo $((left - 1)) >/var/lib/first-starts-that-fail
    echo unusable >/var/lib/mysql/ibdata1
    echo '[ERROR] [MY-010943] [Server] System views initialization failed.' >>/var/log/mysql/error.log
    exit 1
  fi
esac
exec /usr/sbin/mysqld.real "$@"
END
chmod 755 /usr/sbin/mysqld
"""
"""In the server's place stands a program that fails at its first start, as often as a file says."""


@pytest.fixture(scope="module")
def bare(lab: Lab) -> Lab:
    """Hosts without a database server; on two of them its first start will fail."""
    names = ("i-once", "i-ever", "i-used", "i-busy")
    lab.settle(
        *(lab.host(name, f"10.0.2.{number}", egress=Egress.NONE) for number, name in enumerate(names, start=20)),
    )
    for name, failures in (("i-once", 1), ("i-ever", 9)):
        made = lab.on(name, f"{DIVERT} echo {failures} >/var/lib/first-starts-that-fail")
        assert made.code == 0, made.stderr
    return lab


def install(lab: Lab, instance_id: str, command: str = "install_server mysql-server mysql") -> Completed:
    """Run the documents' own scripts as the agent does: one file, under bash, with the Region set."""
    parts = [(SCRIPTS / name).read_text() for name in ("common.sh", "install_database.sh")]
    script = "".join([*parts, f"{command}\n"])
    written = lab.on(instance_id, f"cat >/root/install.sh <<'END_OF_SCRIPT'\n{script}\nEND_OF_SCRIPT")
    assert written.code == 0, written.stderr
    return lab.on(instance_id, "AWS_SSM_REGION_NAME=eu-west-1 bash /root/install.sh", timeout_seconds=180)


def test_a_first_start_that_fails_is_begun_again(bare: Lab) -> None:
    done = install(bare, "i-once")
    assert done.code == 0, done.stderr
    assert "removing the unusable data directory" in done.stdout
    assert "MY-010943" in done.stderr, "what the server said is shown"
    bare.until("the server", lambda: bare.on("i-once", "mysqladmin --protocol=socket ping").code == 0)
    assert bare.on("i-once", "cat /var/lib/mysql/ibdata1 | head -c 8").stdout != "unusable"
    again = install(bare, "i-once")
    assert (again.code, again.stdout) == (0, ""), again.stderr


def test_a_first_start_that_always_fails_is_given_up_and_leaves_a_directory_to_begin_with(bare: Lab) -> None:
    done = install(bare, "i-ever")
    assert done.code == 1
    assert "FAILED: the server of mysql-server failed at its first start three times" in done.stderr
    assert bare.on("i-ever", "ls -A /var/lib/mysql").stdout == ""
    assert bare.on("i-ever", "echo 0 >/var/lib/first-starts-that-fail").code == 0
    assert install(bare, "i-ever").code == 0, "and the next run, with nothing in the way, succeeds"


def test_a_directory_that_was_in_use_is_never_emptied(bare: Lab) -> None:
    assert bare.on("i-used", "mkdir -p /var/lib/mysql && echo precious >/var/lib/mysql/ibdata1").code == 0
    done = install(bare, "i-used")
    assert done.code == 1
    assert "empty /var/lib/mysql" in done.stderr, "the message names the way out"
    assert bare.on("i-used", "cat /var/lib/mysql/ibdata1").stdout == "precious\n"


@pytest.mark.parametrize("lock", ["/var/lib/apt/lists/lock", "/var/lib/dpkg/lock-frontend"])
def test_a_package_manager_at_work_is_waited_for(bare: Lab, lock: str) -> None:
    hold = f"import fcntl, time; file = open({lock!r}, 'w'); fcntl.lockf(file, fcntl.LOCK_EX); time.sleep(6)"
    assert bare.on("i-busy", f'systemd-run -q --unit=another python3 -c "{hold}"').code == 0
    bare.until(
        "the lock", lambda: bare.on("i-busy", f"fuser -s {lock} || lslocks -n -o PATH | grep -qx {lock}").code == 0
    )
    done = install(bare, "i-busy", "install_packages jq")
    assert (done.code, done.stdout) == (0, "installing jq\n"), done.stderr
    assert bare.on("i-busy", "systemctl stop another; dpkg --purge jq").code == 0, "as it was, for the other lock"
