"""Scenarios as they are written: YAML files, one a runbook, and `common.yaml` with what they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from rehearsal.scenarios.problems import ScenarioError
from rehearsal.scenarios.proofs import Abort, Action, Baseline, Detection, Former
from rehearsal.scenarios.yaml_files import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COMMON_FILE = "common.yaml"
PROBE_KINDS = ("http", "aws", "host", "sql")

SuiteName = Literal["core", "full"]


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
class Observation:
    """Something to look at twice: the answer itself matters to nobody, that it stays the same does."""

    name: str
    kind: str
    settings: Mapping[str, Any]

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Observation:
        kind = next(kind for kind in PROBE_KINDS if kind in raw)
        return cls(raw["name"], kind, raw[kind])


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
    """What a run has to end with.

    `requests_lost` is how many may be lost: of all, or of each path named. `message` and `outputs` are judged by
    `answers.judge`; an output may have a JMESPath `query` beside its answer, asked of the JSON that it is. `denied` are
    the actions that the runbook's role is to be refused on the way, where that is what the scenario is about.
    """

    status: str
    requests_lost: int | Mapping[str, int] | None = None
    second_run_status: str | None = None
    denied: tuple[str, ...] = ()
    within_seconds: float | None = None
    message: Mapping[str, Any] | None = None
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> Expect:
        return cls(
            status=raw["status"],
            requests_lost=raw.get("requests_lost"),
            second_run_status=raw.get("second_run", {}).get("status"),
            denied=tuple(raw.get("denied", ())),
            within_seconds=raw.get("within_seconds"),
            message=raw.get("message"),
            outputs=raw.get("outputs", {}),
        )


@dataclass(frozen=True)
class Fault:
    """A fault that is injected on purpose, and what the runbook has to say of it. It is mended whatever happens."""

    name: str
    inject: tuple[Action, ...]
    mend: tuple[Action, ...]
    expect: Expect


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
    abort: Abort | None = None
    baseline: Baseline | None = None
    detection: Detection | None = None
    suite: SuiteName = "full"
    approve: bool = False
    before: tuple[Action, ...] = ()
    after: tuple[Action, ...] = ()
    unchanged: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


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
    the EC2 tag whose value names a host in probes, `agent_unit` the systemd unit of the hosts' agent. `former` are the
    systems that baselines are measured on.
    """

    base_url: str
    ca_file: str | None
    host_tag: str
    sql: Sql | None
    secrets: tuple[Secret, ...]
    probes: Mapping[str, Probe]
    observations: Mapping[str, Observation] = field(default_factory=dict)
    agent_unit: str | None = None
    former: Mapping[str, Former] = field(default_factory=dict)


def load_common(folder: Path) -> Common:
    path = folder / COMMON_FILE
    raw = read(path, "common.schema.json")
    probes = [Probe.from_mapping(item) for item in raw["probes"]]
    observations = [Observation.from_mapping(item) for item in raw.get("observations", [])]
    for key, names in (("probes", [p.name for p in probes]), ("observations", [o.name for o in observations])):
        if repeated := {name for name in names if names.count(name) > 1}:
            raise ScenarioError(f"{path}: {key} are defined twice: {', '.join(sorted(repeated))}")
    return Common(
        base_url=raw["base_url"],
        ca_file=raw.get("ca_file"),
        host_tag=raw.get("host_tag", "Role"),
        sql=Sql(**raw["sql"]) if "sql" in raw else None,
        secrets=tuple(Secret(**secret) for secret in raw.get("secrets", [])),
        probes={probe.name: probe for probe in probes},
        observations={observation.name: observation for observation in observations},
        agent_unit=raw.get("agent_unit"),
        former={
            name: Former.from_mapping(former, former.get("host"), f"{path}: former.{name}")
            for name, former in raw.get("former", {}).items()
        },
    )


def load_scenarios(
    folder: Path, common: Common, only: Sequence[str] = (), *, suite: SuiteName = "full"
) -> list[Scenario]:
    """The scenarios of a suite by file name; with `only`, those whose own name or whose runbook's is among it.

    The suite `full` holds every scenario, `core` those that say so. Raises ScenarioError for a file that breaks the
    schema, an unknown probe or observation, or a name in `only` that nothing bears.
    """
    if not folder.is_dir():
        raise ScenarioError(f"{folder} does not exist; rehearsal.toml says that the scenarios are there")
    scenarios = [load_scenario(path, common) for path in sorted(folder.glob("*.yaml")) if path.name != COMMON_FILE]
    if not only:
        return [scenario for scenario in scenarios if suite in ("full", scenario.suite)]
    known = {name for scenario in scenarios for name in (scenario.name, scenario.runbook)}
    if unknown := [name for name in only if name not in known]:
        raise ScenarioError(
            f"no scenario and no rehearsed runbook is named {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )
    return [scenario for scenario in scenarios if scenario.name in only or scenario.runbook in only]


def load_scenario(path: Path, common: Common) -> Scenario:
    raw = read(path, "scenario.schema.json")
    steady_state = _names(path, raw, "steady_state", common.probes)
    unchanged = _names(path, raw, "unchanged", common.observations)
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
        abort=_abort(path, raw, common),
        baseline=Baseline.from_mapping(raw["baseline"], common.former, path) if "baseline" in raw else None,
        detection=Detection.from_mapping(raw["detection"]) if "detection" in raw else None,
        suite=raw.get("suite", "full"),
        approve=raw.get("approve", False),
        before=_actions(raw, "before"),
        after=_actions(raw, "after"),
        unchanged=unchanged,
        faults=tuple(_fault(fault) for fault in raw.get("faults", [])),
    )


def _names(path: Path, raw: Mapping[str, Any], key: str, defined: Mapping[str, object]) -> tuple[str, ...]:
    names = tuple(raw.get(key, ()))
    if unknown := [name for name in names if name not in defined]:
        raise ScenarioError(
            f"{path}: {key} names {', '.join(unknown)}, which {COMMON_FILE} does not define; "
            f"it defines {', '.join(sorted(defined)) or 'none'}"
        )
    return names


def _actions(raw: Mapping[str, Any], key: str) -> tuple[Action, ...]:
    return tuple(Action.from_mapping(item) for item in raw.get(key, ()))


def _fault(raw: Mapping[str, Any]) -> Fault:
    return Fault(raw["name"], _actions(raw, "inject"), _actions(raw, "mend"), Expect.from_mapping(raw["expect"]))


def _load(raw: Mapping[str, Any]) -> Load:
    return Load(**{**raw, "paths": tuple(raw["paths"])})


def _abort(path: Path, raw: Mapping[str, Any], common: Common) -> Abort | None:
    if "abort" not in raw:
        return None
    abort = Abort.from_raw(raw["abort"])
    if "kill-agent" in abort.by and common.agent_unit is None:
        raise ScenarioError(f"{path}: abort kills the agent, and {COMMON_FILE} does not say (agent_unit:) what it is")
    return abort
