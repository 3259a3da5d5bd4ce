"""docs/catalogue/ is what the library's sources make, and leads where it says."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from rehearsal.catalogue import Sources, catalogue, read_sources
from rehearsal.catalogue.mentions import callers
from rehearsal.documents import DocumentKind, load_document

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "catalogue"
RUNBOOKS = sorted((ROOT / "ssm_documents" / "automation").glob("*.yaml"))
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")


@cache
def sources() -> Sources:
    return read_sources(ROOT, [ROOT / "ssm_documents", ROOT / "cloudformation"], FOLDER, ROOT / "scenarios")


@cache
def pages() -> dict[str, str]:
    return catalogue(sources())


def test_the_pages_are_the_ones_that_the_sources_make() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in {*there, *pages()} if there.get(name) != pages().get(name))
    assert stale == [], "run: ./rehearse catalogue --write"


def test_every_link_of_the_catalogue_leads_somewhere() -> None:
    lost = []
    for name, text in pages().items():
        for target, fragment in LINK.findall(text):
            path = (FOLDER / target).resolve() if target else FOLDER / name
            if not path.exists():
                lost.append((name, target))
            elif fragment:
                headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
                if fragment not in {heading.lower().replace(" ", "-") for heading in headings}:
                    lost.append((name, f"{target}#{fragment}"))
    assert lost == []


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_page_has_all_that_a_person_on_call_needs(path: Path) -> None:
    text, content = pages()[f"{path.stem}.md"], load_document(path).content
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == [
        "When to run it",
        "Run it",
        "What it changes, and how that is undone",
        "Result",
        "Measured",
        "Steps",
        "Permissions",
    ]
    assert f"aws ssm start-automation-execution --document-name {path.stem} --parameters 'StackName=flask-app" in text
    assert "{{" not in text, "what only a rehearsal knows"
    assert all(f"| `{name}` |" in text for name in content["parameters"])
    assert all(f"| `{step['name']}` |" in text for step in content["mainSteps"])
    assert all(f"| `{output}` |" in text for output in content["outputs"])
    assert "```mermaid\nflowchart TD" in text
    assert "^" not in re.sub(r"```.*?```", "", text, flags=re.DOTALL), "a pattern is shown in words"
    assert re.search(r"The role is `\w+Role`", text)


def test_nothing_is_taken_for_html() -> None:
    for name, text in pages().items():
        prose = re.sub(r"```.*?```|`[^`]*`|<!-- Generated.*?-->", "", text, flags=re.DOTALL)
        assert re.findall(r"(?<!\\)<\S*", prose) == [], name


def test_documents_say_rightly_who_calls_them() -> None:
    loaded = sources()
    for document in loaded.of_kind(DocumentKind.COMMAND):
        sentence = re.search(r"Called by ([^#]*?)\.\s", document.content["description"])
        named = set(re.findall(r"FlaskOps-\w+", sentence[1])) if sentence else set()
        assert not named or named == set(callers(loaded, document.name)), document.name


def test_every_alarm_leads_to_a_runbook() -> None:
    template = (ROOT / "cloudformation" / "operations.yaml").read_text(encoding="utf-8")
    alarms = re.findall(r"AlarmName: !Sub '([^']+)'", template)
    index = pages()["README.md"]
    assert alarms
    assert [alarm for alarm in alarms if f"| `{alarm.replace('${', '<').replace('}', '>')}` |" not in index] == []
