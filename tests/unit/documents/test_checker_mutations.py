"""The library's own documents, broken in hundreds of systematic ways: the checker has to notice."""

from __future__ import annotations

import copy
import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rehearsal.documents import Document, DocumentKind, load_text
from rehearsal.documents.calls import calls_of
from rehearsal.documents.library import Library
from rehearsal.documents.lint.collect import collect
from rehearsal.documents.lint.finding import Finding, finding_of
from rehearsal.documents.lint.run import check_document
from rehearsal.documents.registry import document_rules, library_rules

ROOT = Path(__file__).resolve().parents[3]
WANTED = 0.95
FEWEST = 200
ONE_OF = 6
"""Every document is broken in every way at the first place for it, and each sixth of these is tried."""

Content = dict[str, Any]
Place = tuple[Any, ...]
Edit = Callable[[Any, Any], None]
Way = Callable[[Content], Iterator[tuple[Place, Edit]]]


def misspelt(word: str) -> str:
    """Two letters of the second half change places: ``timeoutSeconds`` → ``timeoutSceonds``."""
    for index in range(len(word) // 2, len(word) - 1):
        if word[index] != word[index + 1] and word[index : index + 2].isalnum():
            return word[:index] + word[index + 1] + word[index] + word[index + 2 :]
    return f"{word}x"


def put(value: Any) -> Edit:
    return lambda parent, key: parent.__setitem__(key, value)


def change(how: Callable[[Any], Any]) -> Edit:
    return lambda parent, key: parent.__setitem__(key, how(parent[key]))


def drop(parent: Any, key: Any) -> None:
    del parent[key]


def misspell_key(parent: Any, key: Any) -> None:
    parent[misspelt(key)] = parent.pop(key)


def steps(content: Content) -> Iterator[tuple[Place, dict[str, Any]]]:
    waiting: list[Place] = [("mainSteps",)]
    while waiting:
        path = waiting.pop(0)
        for index, body in enumerate(value_at(content, path)):
            yield (*path, index), body
            if body["action"] == "aws:loop":
                waiting.append((*path, index, "inputs", "Steps"))


def value_at(content: Any, path: Place) -> Any:
    for part in path:
        content = content[part]
    return content


def step_key(key: str, edit: Edit, when: Callable[[dict[str, Any]], bool] = lambda _: True) -> Way:
    """Break one key of each step that has it."""
    return lambda content: (((*path, key), edit) for path, body in steps(content) if key in body and when(body))


def step_input(action: str, key: str, edit: Edit) -> Way:
    """Break one input of each step with an action."""

    def way(content: Content) -> Iterator[tuple[Place, Edit]]:
        for path, body in steps(content):
            if re.fullmatch(action, body["action"]) and key in body.get("inputs", {}):
                yield (*path, "inputs", key), edit

    return way


def each(key: str, edit: Edit, *, field: str | None = None, when: str = "") -> Way:
    """Break each entry of a mapping at the top (or one field of each entry)."""

    def way(content: Content) -> Iterator[tuple[Place, Edit]]:
        for name, entry in (content.get(key) or {}).items():
            if field is None or (field in entry and re.search(when, str(entry[field]))):
                yield ((key, name) if field is None else (key, name, field)), edit

    return way


def step_output(key: str, edit: Edit) -> Way:
    def way(content: Content) -> Iterator[tuple[Place, Edit]]:
        for path, body in steps(content):
            for index, output in enumerate(body.get("outputs", [])):
                if key in output:
                    yield (*path, "outputs", index, key), edit

    return way


def top(key: str, edit: Edit) -> Way:
    return lambda content: iter([((key,), edit)] if key in content else [])


def references(edit: Callable[[str], str], kind: str) -> Way:
    """Break each ``{{ … }}`` whose text fits `kind`, in the inputs of steps and outside of scripts."""
    pattern = re.compile(r"(\{\{\s*)(" + kind + r")(\s*\}\})")

    def way(content: Content) -> Iterator[tuple[Place, Edit]]:
        for path in texts(content["mainSteps"], ("mainSteps",)):
            if "Script" not in path and "runCommand" not in path and pattern.search(value_at(content, path)):
                yield path, change(lambda text: pattern.sub(lambda m: m[1] + edit(m[2]) + m[3], text))

    return way


def texts(value: Any, path: Place) -> Iterator[Place]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from texts(item, (*path, key))
    if isinstance(value, str):
        yield path


def is_named_elsewhere(content: Content, name: str) -> bool:
    text = json.dumps(content)
    return bool(re.search(rf"step:{name}\b|\"(?:nextStep|NextStep|Default)\": \"{name}\"|\b{name}\.\w", text))


def rename_step(content: Content) -> Iterator[tuple[Place, Edit]]:
    for path, body in steps(content):
        if is_named_elsewhere(content, body["name"]):
            yield (*path, "name"), change(misspelt)


def jump_back(content: Content) -> Iterator[tuple[Place, Edit]]:
    first = content["mainSteps"][0]["name"]
    for path, body in steps(content):
        if body["name"] != first and "isEnd" not in body and body["action"] != "aws:branch" and len(path) == 2:
            yield path, change(lambda step: {**step, "nextStep": first})


def passed_parameters(edit: Edit) -> Way:
    def way(content: Content) -> Iterator[tuple[Place, Edit]]:
        for path, body in steps(content):
            for key in ("Parameters", "RuntimeParameters"):
                given = body.get("inputs", {}).get(key)
                for name in given if isinstance(given, dict) and body["action"] != "aws:createStack" else ():
                    yield (*path, "inputs", key, name), edit

    return way


def script_lines(key: str, old: str, new: str) -> Way:
    def way(content: Content) -> Iterator[tuple[Place, Edit]]:
        for path in texts(content["mainSteps"], ("mainSteps",)):
            if key in path and re.search(old, value_at(content, path), re.MULTILINE):
                yield path, change(lambda text: re.sub(old, new, text, count=1, flags=re.MULTILINE))

    return way


def choices(edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Way:
    def way(content: Content) -> Iterator[tuple[Place, Edit]]:
        for path, body in steps(content):
            for index, _ in enumerate(body.get("inputs", {}).get("Choices", [])):
                yield (*path, "inputs", "Choices", index), change(edit)

    return way


def all_set_e_dropped(content: Content) -> Iterator[tuple[Place, Edit]]:
    """A script made of several files may set it in each."""
    for path, body in steps(content):
        given = body.get("inputs", {}).get("runCommand")
        if isinstance(given, list) and any("set -euo pipefail" in text for text in given):
            without = [text.replace("set -euo pipefail", "") for text in given]
            yield (*path, "inputs", "runCommand"), put(without)


ON_HOSTS = "aws:run(Shell|PowerShell)Script"
BOTH: dict[str, Way] = {
    "unquote the version": top("schemaVersion", change(float)),
    "another version": top("schemaVersion", put("0.4")),
    "no version": top("schemaVersion", drop),
    "no description": top("description", drop),
    "misspell mainSteps": top("mainSteps", misspell_key),
    "misspell parameters": top("parameters", misspell_key),
    "empty mainSteps": top("mainSteps", put([])),
    "name of a step dropped": step_key("name", drop),
    "name of a step with a space": step_key("name", change(lambda name: f"{name} 2")),
    "action dropped": step_key("action", drop),
    "action misspelt": step_key("action", change(misspelt)),
    "inputs misspelt": step_key("inputs", misspell_key),
    "inputs a text": step_key("inputs", put("x")),
    "step twice": top("mainSteps", change(lambda listed: [*listed, copy.deepcopy(listed[0])])),
    "parameter renamed": each("parameters", misspell_key),
    "parameter with an underscore": each(
        "parameters", lambda parent, key: parent.update({f"{key}_x": parent.pop(key)})
    ),
    "parameter type misspelt": each("parameters", change(misspelt), field="type"),
    "parameter type dropped": each("parameters", drop, field="type"),
    "parameter description dropped": each("parameters", drop, field="description"),
    "parameter field misspelt": each("parameters", misspell_key, field="allowedPattern"),
    "default of another type": each("parameters", put({"a": 1}), field="default"),
    "default outside of its pattern": each("parameters", put("§"), field="default", when="."),
    "pattern that does not compile": each("parameters", change(lambda text: text + "("), field="allowedPattern"),
    "pattern without an end": each("parameters", change(lambda text: text.removesuffix("$")), field="allowedPattern"),
    "parameter added": top("parameters", change(lambda given: {**given, "Extra": {"type": "String"}})),
}
AUTOMATION: dict[str, Way] = {
    "step renamed": rename_step,
    "key misspelt: timeoutSeconds": step_key("timeoutSeconds", misspell_key),
    "key misspelt: onFailure": step_key("onFailure", misspell_key),
    "key misspelt: onCancel": step_key("onCancel", misspell_key),
    "key misspelt: isCritical": step_key("isCritical", misspell_key),
    "key misspelt: outputs": step_key("outputs", misspell_key),
    "key misspelt: nextStep": step_key("nextStep", misspell_key),
    "timeout a word": step_key("timeoutSeconds", put("soon")),
    "timeout dropped": step_key(
        "timeoutSeconds", drop, lambda body: body["action"] in {"aws:runCommand", "aws:waitForAwsResourceProperty"}
    ),
    "maxAttempts nothing": step_key("maxAttempts", put(0)),
    "isEnd yes": step_key("isEnd", put("yes")),
    "isCritical dropped": step_key("isCritical", drop, lambda body: str(body.get("onFailure", "")).startswith("step:")),
    "isEnd and nextStep": step_key(
        "isEnd", lambda parent, _: parent.update({"isEnd": True, "nextStep": parent["name"]})
    ),
    "onFailure elsewhere": step_key("onFailure", put("step:nowhere")),
    "onFailure unknown": step_key("onFailure", put("Ignore")),
    "onCancel elsewhere": step_key("onCancel", put("step:nowhere")),
    "nextStep misspelt": step_key("nextStep", change(misspelt)),
    "jump back": jump_back,
    "assumeRole of another name": top("assumeRole", put("{{ Role }}")),
    "assumeRole dropped": top("assumeRole", drop),
    "outputs of unknown step": top("outputs", change(lambda listed: [f"x{listed[0]}", *listed[1:]])),
    "output of a step misspelt": references(misspelt, r"\w+\.\w+"),
    "parameter reference misspelt": references(misspelt, r"[A-Z]\w+"),
    "variable reference misspelt": references(misspelt, r"variable:\w+"),
    "global misspelt": references(misspelt, r"(?:global|automation):\w+"),
    "output name dropped": step_output("Name", drop),
    "output type misspelt": step_output("Type", change(misspelt)),
    "selector misspelt": step_output("Selector", change(lambda text: re.sub(r"\w+$", lambda m: misspelt(m[0]), text))),
    "selector broken": step_output("Selector", change(lambda text: f"{text}[0")),
    "selector dropped": step_output("Selector", drop),
    "runtime without a version": step_input("aws:executeScript", "Runtime", put("python3")),
    "runtime dropped": step_input("aws:executeScript", "Runtime", drop),
    "handler misspelt": step_input("aws:executeScript", "Handler", change(misspelt)),
    "handler dropped": step_input("aws:executeScript", "Handler", drop),
    "script dropped": step_input("aws:executeScript", "Script", drop),
    "script a number": step_input("aws:executeScript", "Script", put(5)),
    "handler a number": step_input("aws:executeScript", "Handler", put(5)),
    "payload a text": step_input("aws:executeScript", "InputPayload", put("x")),
    "parameters a text": step_input("aws:runCommand", "Parameters", put("x")),
    "hosts a text": step_input("aws:runCommand", "InstanceIds", put("i-0123456789abcdef0")),
    "outputs a mapping": step_key("outputs", put({"Name": "x"})),
    "nextStep a number": step_key("nextStep", put(5)),
    "script key misspelt": step_input("aws:executeScript", "Script", misspell_key),
    "script without a colon": script_lines("Script", r"^(def .*\)):$", r"\1"),
    "script cut off": script_lines("Script", r"\)\s*\Z", "\n"),
    "payload dropped": step_input("aws:executeScript", "InputPayload", put({})),
    "service misspelt": step_input("aws:(execute|assert|waitFor)Aws.*", "Service", change(misspelt)),
    "api misspelt": step_input("aws:(execute|assert|waitFor)Aws.*", "Api", change(misspelt)),
    "api dropped": step_input("aws:(execute|assert|waitFor)Aws.*", "Api", drop),
    "desired values dropped": step_input("aws:(assert|waitFor)Aws.*", "DesiredValues", drop),
    "selector of a property misspelt": step_input("aws:(assert|waitFor)Aws.*", "PropertySelector", change(misspelt)),
    "document misspelt": step_input("aws:(runCommand|executeAutomation)", "DocumentName", change(misspelt)),
    "document dropped": step_input("aws:(runCommand|executeAutomation)", "DocumentName", drop),
    "document key misspelt": step_input("aws:(runCommand|executeAutomation)", "DocumentName", misspell_key),
    "hosts dropped": step_input("aws:runCommand", "InstanceIds", drop),
    "hosts a mapping": step_input("aws:(runCommand|changeInstanceState)", "InstanceIds", put({"a": "b"})),
    "delivery time too short": step_input("aws:runCommand", "TimeoutSeconds", put(5)),
    "state unknown": step_input("aws:changeInstanceState", "DesiredState", put("started")),
    "duration of another form": step_input("aws:sleep", "Duration", put("5 seconds")),
    "passed parameter misspelt": passed_parameters(misspell_key),
    "passed value refused": passed_parameters(put(["§ §"])),
    "passed values twice": passed_parameters(put(["a", "b"])),
    "choice without a next step": choices(lambda choice: {k: v for k, v in choice.items() if k != "NextStep"}),
    "choice elsewhere": choices(lambda choice: {**choice, "NextStep": "nowhere"}),
    "operator misspelt": choices(
        lambda choice: {misspelt(k) if k.endswith("Equals") else k: v for k, v in choice.items()}
    ),
    "branch without choices": step_input("aws:branch", "Choices", drop),
    "variable of another name": step_input("aws:updateVariable", "Name", put("variable:nowhere")),
    "loop without steps": step_input("aws:loop", "Steps", drop),
}
COMMAND: dict[str, Way] = {
    "runCommand misspelt": step_input(ON_HOSTS, "runCommand", misspell_key),
    "commands instead of runCommand": step_input(
        ON_HOSTS, "runCommand", lambda parent, key: parent.update({"commands": parent.pop(key)})
    ),
    "runCommand a text": step_input(ON_HOSTS, "runCommand", put("id")),
    "runCommand dropped": step_input(ON_HOSTS, "runCommand", drop),
    "timeout too short": step_input(ON_HOSTS, "timeoutSeconds", put(2)),
    "timeout a word": step_input(ON_HOSTS, "timeoutSeconds", put("soon")),
    "timeout dropped": step_input(ON_HOSTS, "timeoutSeconds", drop),
    "timeout misspelt": step_input(ON_HOSTS, "timeoutSeconds", misspell_key),
    "onFailure beside inputs": step_key("inputs", lambda parent, _: parent.update({"onFailure": "exit"})),
    "no first line": script_lines("runCommand", r"\A#!/bin/bash\n", ""),
    "no set -e": all_set_e_dropped,
    "no ENV_VAR": each("parameters", drop, field="interpolationType"),
    "ENV_VAR misspelt": each("parameters", change(misspelt), field="interpolationType"),
    "text in the shell": script_lines("runCommand", r"\Z", "echo {{ StackName }} {{ Mode }} {{ Nothing }}\n"),
    "unquoted variable": script_lines("runCommand", r"\Z", "rm -rf $SSM_Nothing\n"),
    "precondition unknown": step_key(
        "inputs", lambda parent, _: parent.update({"precondition": {"Equals": ["a", "b"]}})
    ),
    "look-ahead in a pattern": each("parameters", change(lambda text: f"^(?=.){text[1:]}"), field="allowedPattern"),
}


def mutants(document: Document) -> Iterator[tuple[str, Content]]:
    ways = BOTH | (AUTOMATION if document.kind is DocumentKind.AUTOMATION else COMMAND)
    for name, way in ways.items():
        for path, edit in itertools.islice(way(document.content), 1):
            content = copy.deepcopy(document.content)
            edit(value_at(content, path[:-1]), path[-1])
            if content != document.content:
                yield f"{document.name}: {name} at {'.'.join(map(str, path))}", content


def findings_of(
    document: Document, others: tuple[Document, ...], templates: tuple[Any, ...]
) -> Counter[tuple[str, str]]:
    found: list[Finding] = check_document(document, document_rules())
    called = {call.name for call in calls_of(Library((document,)))}
    neighbours = tuple(other for other in others if other.name in called) or others[:1]
    library = Library((document, *neighbours), templates)
    for rule in library_rules():
        if rule.id in {"L007", "L008", "L009", "L010"}:
            problems = (p for p in rule.check(library) if p.document is document)
            found += [finding_of(document, rule, problem.problem) for problem in problems]
    return Counter((finding.rule, finding.message) for finding in found)


def test_at_least_95_of_100_broken_documents_are_noticed(capsys: Any) -> None:
    library = collect([ROOT / "ssm_documents", ROOT / "cloudformation" / "operations.yaml"])
    documents = [document for document in library.documents if "mainSteps" in document.content]
    total, survivors = 0, []
    for document in documents:
        others = tuple(other for other in documents if other is not document)
        before = findings_of(document, others, tuple(library.templates))
        for name, content in itertools.islice(mutants(document), total % ONE_OF, None, ONE_OF):
            total += 1
            broken = load_text(json.dumps(content), name=document.name, format="JSON")
            if not findings_of(broken, others, tuple(library.templates)) - before:
                survivors.append(name)
    with capsys.disabled():
        listed = "".join(f"\n  {name}" for name in survivors)
        sys.stdout.write(
            f"\n{total - len(survivors)} of {total} broken documents are noticed; these are not:{listed}\n"
        )
    assert total >= FEWEST
    assert len(survivors) <= (1 - WANTED) * total, survivors
