"""Settings from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flask_app.config import ConfigurationError, Settings, release_of

if TYPE_CHECKING:
    from pathlib import Path

ARN = {"DATABASE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:Example-AbC123"}


def test_defaults_need_nothing_but_the_secret() -> None:
    settings = Settings.from_environment(ARN)
    assert (settings.database_port, settings.database_name, settings.database_tls) == (3306, "appdb", True)
    assert settings.secret_stage == "AWSCURRENT"


def test_a_url_overrides_the_secret() -> None:
    settings = Settings.from_environment({"DATABASE_URL": "sqlite://"})
    assert settings.database_url == "sqlite://"


def test_neither_is_an_error_that_names_both() -> None:
    with pytest.raises(ConfigurationError, match=r"DATABASE_SECRET_ARN.*DATABASE_URL"):
        Settings.from_environment({})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DATABASE_PORT", "65536"),
        ("DATABASE_PORT", "x"),
        ("DATABASE_TIMEOUT_SECONDS", "0"),
        ("DATABASE_POOL_SIZE", "-1"),
    ],
)
def test_a_number_out_of_bounds_is_named(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} is '{text}'"):
        Settings.from_environment({**ARN, name: text})


def test_the_release_is_what_the_deployment_wrote(tmp_path: Path) -> None:
    file = tmp_path / "RELEASE"
    assert release_of(file) == "development"
    file.write_text("058ea298ba38\n", encoding="utf-8")
    assert release_of(file) == "058ea298ba38"
