"""Proves that an account can log in, on a connection of its own: `python -m flask_app.probe [--stage AWSPENDING]`.

Prints `ok VERSION` and exits 0, or prints why not (without any secret) and exits 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from flask_app.config import ConfigurationError, Settings
from flask_app.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Log in to the database once.")
    parser.add_argument("--stage", default="AWSCURRENT", help="which stage of the secret to log in with")
    options = parser.parse_args(arguments)
    try:
        settings = replace(Settings.from_environment(os.environ), secret_stage=options.stage)
    except ConfigurationError as error:
        print(f"failed: {error}")  # noqa: T201 - the command's own message
        return 1
    health = Database(settings).check()
    print(f"ok {health.secret_version}" if health.ready else f"failed: {health.detail}")  # noqa: T201 - its result
    return 0 if health.ready else 1


if __name__ == "__main__":
    sys.exit(main())
