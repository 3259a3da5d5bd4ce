"""What the command line starts the daemon with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rehearsal.daemon import launch
from rehearsal.hosts import PreparedImages
from rehearsal.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

# It is found before the real one, in the folder that the daemon is started in, and says what it was given.
STANDS_IN = """
import json, os, sys
with os.fdopen(int(sys.argv[-1]), "w") as pipe:
    pipe.write(json.dumps({"failed": os.environ["NO_PROXY"] + " " + os.environ["no_proxy"]}) + "\\n")
"""


def test_the_daemon_reaches_its_own_endpoint_without_the_users_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "rehearsal" / "daemon"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(STANDS_IN)
    (tmp_path / "rehearsal.toml").write_text('name = "example"\n')
    monkeypatch.setenv("NO_PROXY", "corp.test")
    monkeypatch.delenv("no_proxy", raising=False)
    images = PreparedImages(host="host", internet="internet", variant={})
    with pytest.raises(launch.DaemonError) as raised:
        launch.start(load_settings(tmp_path / "rehearsal.toml"), images, 60.0, lambda _: None)
    assert str(raised.value) == "corp.test,127.0.0.1 corp.test,127.0.0.1"
