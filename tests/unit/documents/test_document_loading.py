from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.documents import DocumentError, DocumentKind, load_document, load_text

RUNBOOK = """\
schemaVersion: "0.3"
description: |
  Waits.
mainSteps:
  - name: Wait
    action: aws:sleep
    inputs:
      Duration: PT1S
"""


def test_yaml_is_read_with_the_place_of_each_value_and_key() -> None:
    document = load_text(RUNBOOK, name="Wait", format="YAML")
    assert document.kind is DocumentKind.AUTOMATION
    assert document.schema_version == "0.3"
    assert document.content["mainSteps"][0]["inputs"] == {"Duration": "PT1S"}
    value = document.source.place(("mainSteps", 0, "inputs", "Duration"))
    assert (value.line, value.column) == (8, 17)
    key = document.source.place(("mainSteps", 0, "inputs", "Duration"), key=True)
    assert (key.line, key.column) == (8, 7)


def test_json_is_read_with_the_place_of_each_value_and_key() -> None:
    text = (
        '{\n  "schemaVersion": "2.2",\n  "mainSteps": [\n    {"name": "x", "inputs": {"a": [1, true, null, -1.5e3]}}]}'
    )
    document = load_text(text, name="x", format="JSON")
    assert document.content == json.loads(text)
    place = document.source.place(("mainSteps", 0, "inputs", "a", 1))
    assert (place.line, place.column) == (4, 39)


def test_scalars_are_read_as_yaml_1_2_does() -> None:
    text = "a: yes\nb: 0o17\nc: 010\nd: 1:30\ne: 2012-10-17\nf: true\ng: ~\nh: 0.3\ni: 'true'\nj: off\nk: 0x1F\n"
    document = load_text(text, name="x", format="YAML")
    expected = ["yes", 15, 10, "1:30", "2012-10-17", True, None, 0.3, "true", "off", 31]
    assert list(document.content.values()) == expected
    assert [scalar.text for scalar in document.source.ambiguous] == ["yes", "010", "1:30", "2012-10-17", "off"]


def test_a_script_file_is_included_and_keeps_its_own_lines(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "command").mkdir()
    (tmp_path / "scripts" / "run.sh").write_text("#!/bin/bash\nset -e\necho hello\n")
    path = tmp_path / "command" / "Run.yaml"
    path.write_text(
        'schemaVersion: "2.2"\nmainSteps:\n  - inputs:\n      runCommand:\n        - !file ../scripts/run.sh\n'
    )
    document = load_document(path)
    where = ("mainSteps", 0, "inputs", "runCommand", 0)
    assert document.name == "Run"
    assert document.content["mainSteps"][0]["inputs"]["runCommand"] == ["#!/bin/bash\nset -e\necho hello\n"]
    place = document.source.inside(where, 3, 6)
    assert (Path(place.file), place.line, place.column) == (tmp_path / "scripts" / "run.sh", 3, 6)
    assert document.source.line_text(place) == "echo hello"
    assert document.source.place(where).line == 5


def test_a_block_scalar_maps_to_the_lines_of_its_document() -> None:
    text = "a:\n  script: |\n    first\n      second\n"
    source = load_text(text, name="x", format="YAML").source
    place = source.inside(("a", "script"), 2, 3)
    assert (place.line, place.column) == (4, 7)
    assert source.line_text(place)[place.column - 1 :] == "second"


@pytest.mark.parametrize("name", ["../../outside.sh", "/etc/passwd", "missing.sh", "", "../link.sh"])
def test_an_include_that_leads_outside_or_nowhere_is_refused(tmp_path: Path, name: str) -> None:
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "documents").mkdir()
    (tmp_path / "outside.sh").write_text("secret\n")
    (repository / "link.sh").symlink_to(tmp_path / "outside.sh")
    path = repository / "documents" / "Run.yaml"
    path.write_text(f'a: !file "{name}"\n')
    with pytest.raises(DocumentError) as refused:
        load_document(path)
    assert refused.value.place.line == 1


def test_text_from_nowhere_includes_nothing() -> None:
    with pytest.raises(DocumentError, match="!file works in a document that is itself a file"):
        load_text("a: !file /etc/hostname", name="x", format="YAML")


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcde", "bcdef", strict=True)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", 'the key "a" occurs twice'),
        ("a: &x [*x]\n", "stands inside of what it names"),
        (BOMB, "more than 200,000 values"),
        ("[" * 500, "nested more than 100 deep"),
        ("a: *x\n", "names no anchor above it"),
        ("a: !!python/object:os.system x\n", "is not known here"),
        ("a: !Sub x\n", "no meaning outside of a template"),
        ("a: 1\n---\nb: 2\n", "a second one starts here"),
        ("- 1\n", "a document is a mapping"),
        ("", "a document is a mapping"),
        ("a: [1\n", "not well-formed YAML"),
        ("<<: {a: 1}\n", "merge keys"),
        ("? [a]\n: b\n", "a key has to be a plain text"),
        (f"a: {'9' * 5000}\n", "more digits than are read"),
        ("a: \ud800\n", "characters that UTF-8 cannot carry"),
    ],
)
def test_yaml_that_is_not_read_says_why_and_where(text: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message) as refused:
        load_text(text, name="x", format="YAML")
    assert refused.value.place.line >= 1


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ('{"a": 1,\n "a": 2}', 'the key "a" occurs twice', 2),
        ('{"a": 1,}', "a key in double quotes", 1),
        ('{"a": [1 2]}', "',' or ']' is expected", 1),
        ('{"a" 1}', "':' is expected", 1),
        ('{"a": NaN}', "a value is expected", 1),
        ('{"a": 1}\nx', "after the end", 2),
        ('{"a": "\n"}', "not well-formed JSON", 1),
        ("[" * 500, "nested more than 100 deep", 1),
        ("", "a value is expected", 1),
        (f'{{"a": {"9" * 5000}}}', "more digits than are read", 1),
    ],
)
def test_json_that_is_not_read_says_why_and_where(text: str, message: str, line: int) -> None:
    with pytest.raises(DocumentError, match=message) as refused:
        load_text(text, name="x", format="JSON")
    assert refused.value.place.line == line


def test_a_file_that_is_too_large_or_no_text_or_missing_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (2 * 1024 * 1024 + 1))
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"a: 1\nb: \xff\xfe\n")
    for path, message in ((large, "more than"), (binary, "not UTF-8"), (tmp_path / "none.yaml", "No such file")):
        with pytest.raises(DocumentError, match=message):
            load_document(path)


def test_a_place_under_an_alias_is_that_of_the_anchor() -> None:
    source = load_text("a: &x\n  b: 1\nc: *x\n", name="x", format="YAML").source
    assert source.place(("c", "b")).line == 2
    assert source.place(("c",)).line == 3
