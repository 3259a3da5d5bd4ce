"""What rehearsal.toml says, as typed data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rehearsal.settings.errors import SettingsError, suggestion

if TYPE_CHECKING:
    from pathlib import Path

Variant = Mapping[str, str]
"""The choice made of each option, for example `{"database": "mariadb"}`."""


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
                raise SettingsError(f"there is no option {name!r} in {self.path}{suggestion(name, self.options)}")
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
