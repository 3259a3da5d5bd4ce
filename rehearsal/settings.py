"""What `rehearsal.toml` says: everything that is particular to the library being rehearsed.

`rehearsal.toml` in the root of this repository explains each key. Paths are relative to the folder of the file.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

Variant = Mapping[str, str]
"""The choice made of each option, for example `{"database": "mariadb"}`."""

_Entry = TypeVar("_Entry")


class SettingsError(Exception):
    """rehearsal.toml cannot be used as it is; the message names the file, the key and what is expected."""


@dataclass(frozen=True)
class CloudSection:
    """The account that the endpoint plays, and the port where it answers on 127.0.0.1."""

    account_id: str = "123456789012"
    region: str = "us-east-1"
    port: int = 4566


@dataclass(frozen=True)
class RenderSection:
    """The command that makes templates of the library's sources; run in the folder of rehearsal.toml."""

    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class StackSection:
    """One stack, deployed with `aws cloudformation deploy` in the order of the file."""

    name: str
    template: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """A further suite of the distribution, pinned low, from which the packages that match `prefer` are taken."""

    name: str
    prefer: tuple[str, ...]
    components: tuple[str, ...] = ("main",)


@dataclass(frozen=True)
class ImageSection:
    """What a host's image carries: `packages` are installed in it, `cache` is offered by its package source."""

    suite: str = "trixie"
    components: tuple[str, ...] = ("main",)
    mirror: str | None = None
    base: str | None = None
    packages: tuple[str, ...] = ()
    cache: tuple[str, ...] = ()
    requirements: tuple[Path, ...] = ()
    python: str = "3.13"


@dataclass(frozen=True)
class Choice:
    """One way to satisfy an option: what it adds to the cache, and to the parameters of stacks."""

    name: str
    cache: tuple[str, ...] = ()
    suite: Suite | None = None
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Stack name to the parameters that this choice sets."""


@dataclass(frozen=True)
class Option:
    """Something that a rehearsal can be run with in several ways, chosen on the command line by `--NAME CHOICE`."""

    name: str
    default: str
    choices: Mapping[str, Choice]
    fallback: str | None = None
    """The choice taken, with a notice, when the packages of the chosen one cannot be had."""


@dataclass(frozen=True)
class Name:
    """A name of the outside world that stands for the public address of the host with this tag."""

    name: str
    tag: str
    value: str


@dataclass(frozen=True)
class Branch:
    """A branch that differs from `main` by the files of a folder laid over it and by removed paths."""

    name: str
    overlay: Path | None = None
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repository:
    """A repository that git.example.test serves: `main` is the folder as it is now, uncommitted work included."""

    name: str
    source: Path
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True)
class OutsideSection:
    """The world outside of the VPCs: names, an ACME certificate authority, a git server."""

    names: tuple[Name, ...] = ()
    repositories: tuple[Repository, ...] = ()
    acme_host: str = "acme.example.test"
    git_host: str = "git.example.test"


@dataclass(frozen=True)
class Settings:
    """All of rehearsal.toml."""

    path: Path
    name: str
    cloud: CloudSection
    render: RenderSection
    stacks: tuple[StackSection, ...]
    documents: Path
    scenarios: Path
    image: ImageSection
    options: Mapping[str, Option]
    outside: OutsideSection

    @property
    def root(self) -> Path:
        """The folder of rehearsal.toml: the checkout."""
        return self.path.parent

    @property
    def state_folder(self) -> Path:
        """Where a running rehearsal keeps its state and leaves its reports."""
        return self.root / "build" / "rehearsal"

    @property
    def project(self) -> str:
        """The id of this checkout, by which its containers, networks and images are labelled."""
        return f"{self.name}-{hashlib.sha256(str(self.root).encode()).hexdigest()[:8]}"

    def variant(self, chosen: Variant | None = None) -> dict[str, str]:
        """The choice of every option: `chosen`, and the default where nothing was chosen.

        Raises SettingsError on an option or a choice that there is not.
        """
        chosen = chosen or {}
        for name, choice in chosen.items():
            option = self.options.get(name)
            if option is None:
                raise SettingsError(f"there is no option {name!r} in {self.path}{_suggest(name, self.options)}")
            if choice not in option.choices:
                known = ", ".join(option.choices)
                raise SettingsError(f"option {name!r} of {self.path} has no choice {choice!r}; it has {known}")
        return {name: chosen.get(name, option.default) for name, option in self.options.items()}

    def choices(self, variant: Variant) -> tuple[Choice, ...]:
        """What a complete variant stands for, in the order of the file."""
        return tuple(option.choices[variant[name]] for name, option in self.options.items())

    def parameters(self, stack: StackSection, variant: Variant) -> dict[str, str]:
        """The parameters of a stack in this variant: the stack's own, overridden by those of the choices."""
        merged = dict(stack.parameters)
        for choice in self.choices(variant):
            merged.update(choice.parameters.get(stack.name, {}))
        return merged


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
    return _settings(path, _Table(path, "", content))


class _Table:
    """A table of the file that knows where it stands, gives values of the asked type, and refuses unknown keys."""

    def __init__(self, path: Path, where: str, content: Mapping[str, Any]) -> None:
        self._path = path
        self._where = where
        self._content = content
        self._asked: set[str] = set()

    def error(self, key: str, problem: str) -> SettingsError:
        return SettingsError(f"{self._path}: {self._join(key)} {problem}")

    def text(self, key: str, default: str | None = None, *, pattern: str = r"(?s).+") -> str:
        value = self._value(key, default)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            expected = "a non-empty string" if pattern == r"(?s).+" else f"a string that matches {pattern}"
            raise self.error(key, f"must be {expected}, not {value!r}")
        return value

    def optional_text(self, key: str, *, pattern: str = r"(?s).+") -> str | None:
        self._asked.add(key)
        return self.text(key, pattern=pattern) if key in self._content else None

    def port(self, key: str, default: int) -> int:
        value = self._value(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:  # noqa: PLR2004
            raise self.error(key, f"must be a port from 1 to 65535, not {value!r}")
        return value

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._value(key, default)
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item for item in value):
            raise self.error(key, f"must be a list of strings, not {value!r}")
        return tuple(value)

    def folder_path(self, key: str, default: str | None = None) -> Path:
        return self._path.parent / self.text(key, default)

    def optional_path(self, key: str) -> Path | None:
        value = self.optional_text(key)
        return None if value is None else self._path.parent / value

    def paths(self, key: str) -> tuple[Path, ...]:
        return tuple(self._path.parent / item for item in self.texts(key))

    def strings(self, key: str) -> dict[str, str]:
        return self.table(key).all_strings()

    def all_strings(self) -> dict[str, str]:
        """All of this table. Numbers and booleans are refused: CloudFormation takes strings, and guesses go wrong."""
        for key, value in self._content.items():
            if not isinstance(value, str):
                raise self.error(key, f"must be a string (quote numbers and booleans), not {value!r}")
        return dict(self._content)

    def table(self, key: str) -> _Table:
        value = self._value(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, not {value!r}")
        return _Table(self._path, self._join(key), value)

    def optional_table(self, key: str) -> _Table | None:
        self._asked.add(key)
        return self.table(key) if key in self._content else None

    def tables(self, key: str) -> list[_Table]:
        value = self._value(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(key, f"must be a list of tables ([[{self._join(key)}]]), not {value!r}")
        return [_Table(self._path, f"{self._join(key)}[{index}]", item) for index, item in enumerate(value)]

    def named_tables(self) -> dict[str, _Table]:
        """Every table in this one that has not been asked for by name."""
        return {key: self.table(key) for key in self._content if key not in self._asked}

    def done(self, entry: _Entry) -> _Entry:
        """The entry made of this table, once nothing in it is left over."""
        for key in self._content:
            if key not in self._asked:
                raise self.error(key, f"is not a known key{_suggest(key, self._asked)}")
        return entry

    def _value(self, key: str, default: object) -> Any:
        self._asked.add(key)
        if key not in self._content and default is None:
            raise self.error(key, "is missing")
        return self._content.get(key, default)

    def _join(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key


def _suggest(word: str, known: Mapping[str, object] | set[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(sorted(known)) or 'none'}"


_HOST_NAME = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?"


def _settings(path: Path, top: _Table) -> Settings:
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


def _cloud(table: _Table) -> CloudSection:
    return table.done(
        CloudSection(
            account_id=table.text("account_id", CloudSection.account_id, pattern=r"[0-9]{12}"),
            region=table.text("region", CloudSection.region, pattern=r"[a-z]{2}(-[a-z]+)+-[0-9]"),
            port=table.port("port", CloudSection.port),
        )
    )


def _render(table: _Table) -> RenderSection:
    return table.done(RenderSection(command=table.texts("command")))


def _stack(table: _Table) -> StackSection:
    return table.done(
        StackSection(
            name=table.text("name", pattern=r"[A-Za-z][A-Za-z0-9-]{0,127}"),
            template=table.folder_path("template"),
            parameters=table.strings("parameters"),
            capabilities=table.texts("capabilities"),
        )
    )


def _image(table: _Table) -> ImageSection:
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


def _option(name: str, table: _Table, stacks: list[str]) -> Option:
    default = table.text("default")
    fallback = table.optional_text("fallback")
    choices = {key: _choice(key, entry, stacks) for key, entry in table.named_tables().items()}
    for key, value in (("default", default), ("fallback", fallback)):
        if value is not None and value not in choices:
            raise table.error(key, f"is {value!r}, which is no choice of option {name!r}{_suggest(value, choices)}")
    return table.done(Option(name=name, default=default, choices=choices, fallback=fallback))


def _choice(name: str, table: _Table, stacks: list[str]) -> Choice:
    suite = table.optional_table("suite")
    by_stack = {key: entry.all_strings() for key, entry in table.table("parameters").named_tables().items()}
    for stack in by_stack:
        if stack not in stacks:
            raise table.error(f"parameters.{stack}", f"names no stack of this file{_suggest(stack, set(stacks))}")
    return table.done(
        Choice(
            name=name,
            cache=table.texts("cache"),
            suite=_suite(suite) if suite else None,
            parameters=by_stack,
        )
    )


def _suite(table: _Table) -> Suite:
    return table.done(
        Suite(
            name=table.text("name", pattern=r"[a-z0-9][a-z0-9-]*"),
            prefer=table.texts("prefer"),
            components=table.texts("components", Suite.components),
        )
    )


def _outside(table: _Table) -> OutsideSection:
    return table.done(
        OutsideSection(
            names=tuple(_name(entry) for entry in table.tables("names")),
            repositories=tuple(_repository(entry) for entry in table.tables("repositories")),
            acme_host=table.text("acme_host", OutsideSection.acme_host, pattern=_HOST_NAME),
            git_host=table.text("git_host", OutsideSection.git_host, pattern=_HOST_NAME),
        )
    )


def _name(table: _Table) -> Name:
    return table.done(
        Name(name=table.text("name", pattern=_HOST_NAME), tag=table.text("tag"), value=table.text("value"))
    )


def _repository(table: _Table) -> Repository:
    return table.done(
        Repository(
            name=table.text("name", pattern=r"[A-Za-z0-9][A-Za-z0-9._-]*"),
            source=table.folder_path("source"),
            branches=tuple(_branch(entry) for entry in table.tables("branches")),
        )
    )


def _branch(table: _Table) -> Branch:
    return table.done(
        Branch(
            name=table.text("name", pattern=r"[A-Za-z0-9][A-Za-z0-9._/-]*"),
            overlay=table.optional_path("overlay"),
            remove=table.texts("remove"),
        )
    )
