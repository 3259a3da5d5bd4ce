"""Scenarios as they are written: YAML files, one a runbook, and `common.yaml` with what they share."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import yaml

from rehearsal.scenarios.problems import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import jsonschema

COMMON_FILE = "common.yaml"
PROBE_KINDS = ("http", "aws", "host", "sql")


@dataclass(frozen=True)
class Probe:
    """One question with one right answer. `settings` are those of its kind in `probe.schema.json`."""

    name: str
    kind: str
    settings: Mapping[str, Any]
    within_seconds: float

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Probe:
        kind = next(kind for kind in PROBE_KINDS if kind in raw)
        return cls(raw["name"], kind, raw[kind], raw.get("within_seconds", 0))


@dataclass(frozen=True)
class Load:
    """Requests that outside clients send during the run; half of them on kept-alive connections."""

    requests_per_second: int
    paths: tuple[str, ...]
    before_seconds: float = 3
    after_seconds: float = 3
    connections: int = 2000
    timeout_seconds: float = 10


@dataclass(frozen=True)
class Expect:
    status: str
    requests_lost: int | None = None
    second_run_status: str | None = None
    within_seconds: float | None = None

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Expect:
        second_run = raw.get("second_run", {}).get("status")
        return cls(raw["status"], raw.get("requests_lost"), second_run, raw.get("within_seconds"))


@dataclass(frozen=True)
class Baseline:
    """What people did before there was the runbook, measured under the same load. Commands of one host, as root."""

    description: str
    host: str
    command: str
    setup: tuple[str, ...] = ()
    teardown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    name: str
    path: Path
    runbook: str
    description: str
    parameters: Mapping[str, Any]
    steady_state: tuple[str, ...]
    load: Load | None
    expect: Expect
    checks: tuple[Probe, ...]
    abort_at_every_step: bool
    baseline: Baseline | None


@dataclass(frozen=True)
class Secret:
    """A secret of Secrets Manager that must show up nowhere; with `key`, that key of its JSON."""

    id: str
    key: str | None = None


@dataclass(frozen=True)
class Sql:
    """How a statement is run: a command on a host, with `{{ statement }}` where the quoted statement goes."""

    at: str
    command: str


@dataclass(frozen=True)
class Common:
    """What the scenarios of one library share.

    `base_url` is where the load goes, `ca_file` (a path outside) the authority that signed its certificate, `host_tag`
    the EC2 tag whose value names a host in probes.
    """

    base_url: str
    ca_file: str | None
    host_tag: str
    sql: Sql | None
    secrets: tuple[Secret, ...]
    probes: Mapping[str, Probe]


def load_common(folder: Path) -> Common:
    path = folder / COMMON_FILE
    raw = _read(path, "common.schema.json")
    probes = [Probe.from_mapping(item) for item in raw["probes"]]
    repeated = {probe.name for probe in probes if [other.name for other in probes].count(probe.name) > 1}
    if repeated:
        raise ScenarioError(f"{path}: probes are defined twice: {', '.join(sorted(repeated))}")
    return Common(
        base_url=raw["base_url"],
        ca_file=raw.get("ca_file"),
        host_tag=raw.get("host_tag", "Role"),
        sql=Sql(**raw["sql"]) if "sql" in raw else None,
        secrets=tuple(Secret(**secret) for secret in raw.get("secrets", [])),
        probes={probe.name: probe for probe in probes},
    )


def load_scenarios(folder: Path, common: Common, only: Sequence[str] = ()) -> list[Scenario]:
    """The scenarios of a folder by file name; with `only`, those whose own name or whose runbook's is among it.

    Raises ScenarioError for a file that breaks the schema, an unknown probe, or a name in `only` that nothing bears.
    """
    if not folder.is_dir():
        raise ScenarioError(f"{folder} does not exist; rehearsal.toml says that the scenarios are there")
    scenarios = [load_scenario(path, common) for path in sorted(folder.glob("*.yaml")) if path.name != COMMON_FILE]
    known = {name for scenario in scenarios for name in (scenario.name, scenario.runbook)}
    if unknown := [name for name in only if name not in known]:
        raise ScenarioError(
            f"no scenario and no rehearsed runbook is named {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    return [s for s in scenarios if not only or s.name in only or s.runbook in only]


def load_scenario(path: Path, common: Common) -> Scenario:
    raw = _read(path, "scenario.schema.json")
    steady_state = tuple(raw.get("steady_state", ()))
    if unknown := [name for name in steady_state if name not in common.probes]:
        raise ScenarioError(
            f"{path}: steady_state names {', '.join(unknown)}, which {COMMON_FILE} does not define; "
            f"it defines {', '.join(sorted(common.probes)) or 'none'}"
        )
    checks = tuple(Probe.from_mapping(item) for item in raw.get("checks", []))
    if common.sql is None and any(probe.kind == "sql" for probe in checks):
        raise ScenarioError(f"{path}: a check asks in SQL, and {COMMON_FILE} does not say (sql:) how to")
    return Scenario(
        name=path.stem,
        path=path,
        runbook=raw["runbook"],
        description=raw["description"],
        parameters=raw.get("parameters", {}),
        steady_state=steady_state,
        load=_load(raw["load"]) if "load" in raw else None,
        expect=Expect.from_mapping(raw["expect"]),
        checks=checks,
        abort_at_every_step=raw.get("abort") == "every-step",
        baseline=_baseline(raw["baseline"]) if "baseline" in raw else None,
    )


def _load(raw: Mapping[str, Any]) -> Load:
    return Load(**{**raw, "paths": tuple(raw["paths"])})


def _baseline(raw: Mapping[str, Any]) -> Baseline:
    commands = {key: tuple(raw.get(key, ())) for key in ("setup", "teardown")}
    return Baseline(raw["description"], raw["host"], raw["command"], **commands)


def _read(path: Path, schema: str) -> dict[str, Any]:
    """A YAML file that fits a schema, or a ScenarioError that names the line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise ScenarioError(f"{path}: {problem.strerror or problem}") from problem
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise ScenarioError(f"{path}: not YAML: {problem}") from problem
    errors = sorted(_validator(schema).iter_errors(raw), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        lines = [
            f"{path}:{_line(text, error.absolute_path)}: {error.json_path.removeprefix('$.') or 'the file'}: "
            f"{error.message}"
            for error in errors
        ]
        raise ScenarioError("\n".join(lines))
    return dict(raw)


@functools.cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    import jsonschema  # noqa: PLC0415 - half of the start-up time of a command that reads no scenario
    import referencing  # noqa: PLC0415 - the same

    folder = resources.files(__package__)
    probe = json.loads((folder / "probe.schema.json").read_text(encoding="utf-8"))
    registry: referencing.Registry[Any] = referencing.Registry().with_resource(
        "probe.schema.json", referencing.Resource.from_contents(probe)
    )
    content = json.loads((folder / schema).read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(
        content, registry=registry, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )


def _line(text: str, where: Sequence[str | int]) -> int:
    """The line of the YAML node at a path of keys and indexes; the nearest one that exists."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for step in where:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            child = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            child = node.value[step]
        if child is None:
            break
        node = child
        line = node.start_mark.line + 1
    return line
