"""A plan as text, as JSON and as a Mermaid flow chart."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rehearsal.documents.plan.resolve import shortened
from rehearsal.documents.shapes.effects import Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rehearsal.documents.plan.build import Plan, PlannedStep

_WORDS = {
    "next": "then",
    "choice": "if",
    "default": "otherwise",
    "failure": "on failure",
    "cancel": "on cancel",
    "continue": "on failure, go on with",
    "end": "then",
}


def render_plan(plan: Plan) -> str:
    """The plan for a terminal."""
    lines = [plan.document, ""]
    if plan.parameters:
        lines += ["Parameters", *(f"  {name}: {_shown(value)}" for name, value in plan.parameters.items()), ""]
    if plan.missing:
        lines += [f"Not given, and without a default: {', '.join(plan.missing)}", ""]
    for number, step in enumerate(plan.steps, start=1):
        lines += _step(number, step)
    counts = ", ".join(f"{plan.count(effect)} {effect}" for effect in Effect)
    lines += [f"{len(plan.steps)} steps: {counts}"]
    if plan.hosts:
        lines += ["Hosts", *(f"  {host}" for host in plan.hosts)]
    if plan.permissions:
        lines += ["Permissions", *(f"  {action}" for action in plan.permissions)]
    return "\n".join(lines) + "\n"


def _step(number: int, step: PlannedStep) -> Iterator[str]:
    indent = "  " * step.depth
    yield f"{indent}{number}. {step.name}  {step.action}  [{step.effect}]"
    if step.description:
        yield f"{indent}     {step.description.strip().splitlines()[0]}"
    for key, value in step.inputs.items():
        yield f"{indent}     {key}: {_shown(value)}"
    for reason, condition, target in step.ways:
        yield f"{indent}     {_WORDS[reason]} {f'{condition}: ' if condition else ''}{target}"
    for action in step.permissions:
        yield f"{indent}     needs {action}"
    yield ""


def _shown(value: Any) -> str:
    short = shortened(value)
    return short if isinstance(short, str) else json.dumps(short, ensure_ascii=False)


def plan_as_json(plan: Plan) -> str:
    """The plan for other programs."""
    report = {
        "document": plan.document,
        "parameters": dict(plan.parameters),
        "missing": list(plan.missing),
        "steps": [
            {
                "name": step.name,
                "action": step.action,
                "effect": str(step.effect),
                "inputs": step.inputs,
                "ways": [{"when": reason, "condition": text, "step": target} for reason, text, target in step.ways],
                "permissions": list(step.permissions),
                "possible_permissions": list(step.possible_permissions),
                "hosts": list(step.hosts),
            }
            for step in plan.steps
        ],
        "hosts": list(plan.hosts),
        "permissions": list(plan.permissions),
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


_ARROWS = {"failure": "-.->", "cancel": "-.->", "continue": "-.->"}


def plan_as_mermaid(plan: Plan) -> str:
    """The plan as a flow chart: mutating steps stand out, failures and cancels are dotted."""
    lines = ["flowchart TD", "  start([start])"]
    ids = {step.name: f"s{position}" for position, step in enumerate(plan.steps)}
    for step in plan.steps:
        shape = ("{", "}") if step.action == "aws:branch" else ("[", "]")
        label = f"{_escaped(step.name)}<br/><small>{_escaped(step.action)}</small>"
        style = {Effect.MUTATING: ":::mutating", Effect.READ_ONLY: ":::reading"}.get(step.effect, ":::undetermined")
        lines.append(f'  {ids[step.name]}{shape[0]}"{label}"{shape[1]}{style}')
    lines.append("  finish([end])")
    if plan.steps:
        lines.append(f"  start --> {ids[plan.steps[0].name]}")
    for step in plan.steps:
        for arrow, label, target in _arrows(step):
            text = f'|"{_escaped(label)[:60]}"|' if label else ""
            lines.append(f"  {ids[step.name]} {arrow}{text} {ids.get(target, 'finish')}")
        inner = [child for child in plan.steps if child.depth == step.depth + 1] if step.action == "aws:loop" else []
        if inner:
            following = plan.steps[plan.steps.index(step) + 1]
            lines.append(f'  {ids[step.name]} -->|"each round"| {ids[following.name]}')
    lines += [
        "  classDef mutating fill:#fde0dd,stroke:#c51b8a",
        "  classDef reading fill:#e5f5e0,stroke:#31a354",
        "  classDef undetermined fill:#fff7bc,stroke:#d95f0e",
    ]
    return "\n".join(lines) + "\n"


def _arrows(step: PlannedStep) -> Iterator[tuple[str, str, str]]:
    """Arrow, label and target of each way; a failure and a cancellation that lead to the same step are one arrow."""
    targets = {reason: target for reason, _, target in step.ways}
    both = "cancel" in targets and targets.get("failure") == targets["cancel"]
    for reason, condition, target in step.ways:
        if both and reason == "cancel":
            continue
        label = condition or ("" if reason in {"next", "end", "default"} else _WORDS[reason].split(",")[0])
        if both and reason == "failure":
            label = f"{_WORDS['failure']} or {_WORDS['cancel'].removeprefix('on ')}"
        yield _ARROWS.get(reason, "-->"), label, target


def _escaped(text: str) -> str:
    """Mermaid reads quotes and angle brackets; its own escapes are entities with a hash."""
    return re.sub(r"[\"<>{}|#;`\n]", lambda match: f"#{ord(match[0])};", text)
