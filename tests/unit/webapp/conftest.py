"""The application is installed on hosts from its folder; tests import it from there."""

from __future__ import annotations

import sys
from pathlib import Path

WEBAPP = Path(__file__).resolve().parents[3] / "webapp"
if str(WEBAPP) not in sys.path:
    sys.path.insert(0, str(WEBAPP))
