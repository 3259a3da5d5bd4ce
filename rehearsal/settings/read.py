"""Reads rehearsal.toml: each table into what the model has for it."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from rehearsal.settings.errors import SettingsError, suggestion
from rehearsal.settings.model import (
    Branch,
    Choice,
    CloudSection,
    ImageSection,
    Name,
    Option,
    OutsideSection,
    RenderSection,
    Repository,
    Settings,
    StackSection,
    Suite,
)
from rehearsal.settings.table import Table

if TYPE_CHECKING:
    from pathlib import Path

_HOST_NAME = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"


def load_settings(path: Path) -> Settings:
    """Read rehearsal.toml, or raise SettingsError saying what to mend."""
    path = path.resolve()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; run this in the root of a library that has one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    except RecursionError:
        raise SettingsError(f"{path} is nested deeper than it can be read") from None
    return _settings(path, Table(path, "", content))


def _settings(path: Path, top: Table) -> Settings:
    stacks = tuple(_stack(table) for table in top.tables("stacks"))
    names = [stack.name for stack in stacks]
    if len(set(names)) < len(names):
        raise top.error("stacks", f"names a stack twice: {', '.join(names)}")
    options = top.table("options")
    return top.done(
        Settings(
            path=path,
            name=top.text("name", pattern=r"[a-z0-9][a-z0-9-]{0,31}"),
            cloud=_cloud(top.table("cloud")),
            render=_render(top.table("render")),
            stacks=stacks,
            documents=top.folder_path("documents", "ssm_documents"),
            scenarios=top.folder_path("scenarios", "scenarios"),
            image=_image(top.table("image")),
            options={name: _option(name, table, names) for name, table in options.named_tables().items()},
            outside=_outside(top.table("outside")),
        )
    )


def _cloud(table: Table) -> CloudSection:
    return table.done(
        CloudSection(
            account_id=table.text("account_id", CloudSection.account_id, pattern=r"[0-9]{12}"),
            region=table.text("region", CloudSection.region, pattern=r"[a-z]{2}(-[a-z]+)+-[0-9]"),
            port=table.port("port", CloudSection.port),
        )
    )


def _render(table: Table) -> RenderSection:
    return table.done(RenderSection(command=table.texts("command")))


def _stack(table: Table) -> StackSection:
    return table.done(
        StackSection(
            name=table.text("name", pattern=r"[A-Za-z][A-Za-z0-9-]{0,127}"),
            template=table.folder_path("template"),
            parameters=table.strings("parameters"),
            capabilities=table.texts("capabilities"),
        )
    )


def _image(table: Table) -> ImageSection:
    return table.done(
        ImageSection(
            suite=table.text("suite", ImageSection.suite, pattern=r"[a-z0-9][a-z0-9-]*"),
            components=table.texts("components", ImageSection.components),
            mirror=table.optional_text("mirror", pattern=r"https?://\S+"),
            base=table.optional_text("base"),
            packages=table.texts("packages"),
            cache=table.texts("cache"),
            requirements=table.paths("requirements"),
            python=table.text("python", ImageSection.python, pattern=r"3\.[0-9]{1,2}"),
        )
    )


def _option(name: str, table: Table, stacks: list[str]) -> Option:
    default = table.text("default")
    fallback = table.optional_text("fallback")
    choices = {key: _choice(key, entry, stacks) for key, entry in table.named_tables().items()}
    for key, value in (("default", default), ("fallback", fallback)):
        if value is not None and value not in choices:
            raise table.error(key, f"is {value!r}, which is no choice of option {name!r}{suggestion(value, choices)}")
    return table.done(Option(name=name, default=default, choices=choices, fallback=fallback))


def _choice(name: str, table: Table, stacks: list[str]) -> Choice:
    suite = table.optional_table("suite")
    by_stack = {key: entry.all_strings() for key, entry in table.table("parameters").named_tables().items()}
    for stack in by_stack:
        if stack not in stacks:
            raise table.error(f"parameters.{stack}", f"names no stack of this file{suggestion(stack, set(stacks))}")
    return table.done(
        Choice(
            name=name,
            cache=table.texts("cache"),
            suite=_suite(suite) if suite else None,
            parameters=by_stack,
        )
    )


def _suite(table: Table) -> Suite:
    return table.done(
        Suite(
            name=table.text("name", pattern=r"[a-z0-9][a-z0-9-]*"),
            prefer=table.texts("prefer"),
            components=table.texts("components", Suite.components),
        )
    )


def _outside(table: Table) -> OutsideSection:
    return table.done(
        OutsideSection(
            names=tuple(_name(entry) for entry in table.tables("names")),
            repositories=tuple(_repository(entry) for entry in table.tables("repositories")),
            acme_host=table.text("acme_host", OutsideSection.acme_host, pattern=_HOST_NAME),
            git_host=table.text("git_host", OutsideSection.git_host, pattern=_HOST_NAME),
        )
    )


def _name(table: Table) -> Name:
    return table.done(
        Name(name=table.text("name", pattern=_HOST_NAME), tag=table.text("tag"), value=table.text("value"))
    )


def _repository(table: Table) -> Repository:
    return table.done(
        Repository(
            name=table.text("name", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*"),
            source=table.folder_path("source"),
            branches=tuple(_branch(entry) for entry in table.tables("branches")),
        )
    )


def _branch(table: Table) -> Branch:
    return table.done(
        Branch(
            name=table.text("name", pattern=r"[A-Za-z0-9][A-Za-z0-9._/-]*"),
            overlay=table.optional_path("overlay"),
            remove=table.texts("remove"),
        )
    )
