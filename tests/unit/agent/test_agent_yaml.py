"""The YAML reader: equal to PyYAML in what it reads, clear about what it refuses."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehearsal.agent.yamlsubset import MAX_TEXT, YamlError, load

READ = {
    "block map": "a: 1\nb:\n  c: x\n  d: y\n",
    "list at the key's own indentation": "a:\n- 1\n- 2\nb: 3\n",
    "list further in": "a:\n    - 1\n    -  2\n",
    "compact maps in a list": "- name: x\n  action: y\n  inputs:\n    k: [1]\n- name: z\n",
    "lists in lists": "- - 1\n  - 2\n-\n  - 3\n- - - 4\n",
    "empty values": "a:\nb:\n  c:\n-x: 1\nd: ~\n",
    "empty list items": "-\n- a\n-\n",
    "comments": "# first\na: 1 # one\n# between\nb: x#y # two\n\n  # inside\nc: '#'\n",
    "document marker": "---\na: 1\n...\n",
    "document marker with a comment": "--- # here\na: 1\n",
    "value on the marker's line": "--- text\n",
    "a scalar alone": "text\n",
    "a list alone": "[1, 2]\n",
    "nothing": "# only a comment\n",
    "windows line ends": "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
    "byte order mark": "\ufeffa: 1\n",
    "no newline at the end": "a: |\n  x",
    "booleans": "[yes, No, TRUE, off, y, n, On, oN, 'yes', \"no\"]\n",
    "nulls": "[~, null, Null, NULL, nULL, '']\n",
    "integers": "[0, 12, -3, +4, 1_000, 010, 0o10, 0x1F, 0b11, 1:30, 08, 1e3, 12e03]\n",
    "floats": "[1.5, -.5, 6.02e+23, 1., .inf, -.INF, 1_0.5, 1:30.5, 1.5e3, '1.5', 1.2.3]\n",
    "plain with marks inside": "a: b:c http://x?y=z#f - q, [r] {s} 'd' \"e\" !g &h *i %j @k `l |m >n\n",
    "plain that begins with a mark": "- -a\n- ?b\n- :c\n- --x\n- .5\n",
    "plain over lines": "a: one\n  two\n\n  three\n   four\nb: x\n",
    "keys": '"quoted key": 1\n\'single\': 2\nwith space: 3\na:b: 4\nurl://x: 5\na-b_c.d/e: 6\n"esc\\t": 7\nx : 8\n',
    "single quotes": "a: 'it''s # not a comment: really'\nb: 'two\n  lines\n\n  more '\nc: ''\n",
    "escapes": 'a: "tab\\t nl\\n q\\" s\\\\ \\x41 \\u00e9 \\U0001F600 \\/ \\e \\_"\n',
    "double quotes over lines": 'b: "two\n  lines \\\n  joined\n\n  gap"\n',
    "quoted break at the end": "a: \"x\n\n  \"\nb: 'y\n  '\n",
    "flow": "a: {b: [1, 'two', {c: }], \"d\": e f, g}\nh: []\ni: {}\nj: [a, b,]\n",
    "flow over lines": "a: [1,\n  2, # comment\n\n  3]\nb: {c: d,\n e: multi\n  line}\n",
    "pairs in flow lists": "[a: 1, 'b': 2, c]\n",
    "json": '{"a": [1, {"b": "c:d"}], "e":"f","g":[true,null]}\n',
    "literal": "a: |\n  one\n    two\n\n  three\n\n\nb: 1\n",
    "literal strip": "a: |-\n  one\n\nb: 1\n",
    "literal keep": "a: |+\n  one\n\n\nb: 1\n",
    "literal with marks": "a: |\n  # not a comment\n  key: value\n  - item\n  'quote\nb: 1\n",
    "literal with indicator": "a: |2\n    two more\n  none\nb: |1-\n  x\n",
    "indicators in any order": "a: |-2\n   x\nb: |2-\n   x\nc: >1+\n  y\n\n",
    "literal with a comment behind": "a: | # comment\n  x\n",
    "literal in a list": "- |\n  x\n   y\n- >-\n  z\n  w\n",
    "literal in a compact map": "- a: |\n    x\n  b: 1\n",
    "literal with tabs": "a: |\n  \tx\n  y\tz\n",
    "empty literals": "a: |\nb: |+\n\nc: >-\nd: 1\n",
    "literal of blank lines": "a: |+\n\n\nb: 1\n",
    "folded": "a: >\n  one\n  two\n\n  three\n    more\n    more\n  end\n\n\nb: 1\n",
    "folded with blank lines around more indentation": "a: >\n  x\n\n    y\n\n  z\n",
    "white space at line ends": "a: x  \nb:   \n  c: 1 \nd: |\n  x  \n",
    "unicode": "a: ünïcödé — 日本 😀\nключ: значение\n",
    "dates stay text": "a: '2026-11-23'\n",
    "shell text": 'run:\n- |\n  #!/bin/bash\n  if [ "${X:-}" = \'y\' ]; then\n    echo "{{ x }}"\n  fi\n',
}


@pytest.mark.parametrize("text", READ.values(), ids=READ.keys())
def test_it_reads_what_pyyaml_reads(text: str) -> None:
    assert load(text) == yaml.safe_load(text)


def test_types_are_the_same_too() -> None:
    for name in ("booleans", "nulls", "integers", "floats"):
        assert [type(value) for value in load(READ[name])] == [type(value) for value in yaml.safe_load(READ[name])]


def test_tabs_separate_although_pyyaml_refuses_them() -> None:
    assert load("a:\tx\t\nb: [1,\t2]\t# c\n-c: 1\n") == {"a": "x", "b": [1, 2], "-c": 1}


def test_keys_are_always_text_and_dates_stay_text() -> None:
    assert load("on: 1\n12: 2\n~: 3\nd: 2026-11-23\n") == {"on": 1, "12": 2, "~": 3, "d": "2026-11-23"}


REFUSED = {
    "anchor": ("a: &x 1\n", 1, "anchors"),
    "anchor in flow": ("a: [1,\n &x 2]\n", 2, "anchors"),
    "alias": ("a: 1\nb: *x\n", 2, "aliases"),
    "tag": ("a: 1\nb: !file ../x.sh\n", 2, "tags"),
    "tag in flow": ("[!x 1]\n", 1, "tags"),
    "exploding aliases": ("a: &a [x]\nb: &b [*a, *a]\n", 1, "anchors"),
    "merge key": ("a:\n  <<: x\n", 2, "merge keys"),
    "merge key in flow": ("{<<: x}\n", 1, "merge keys"),
    "explicit key": ("? a\n: b\n", 1, "explicit keys"),
    "explicit key in flow": ("{? a : b}\n", 1, "explicit keys"),
    "duplicate key": ("a: 1\nb: 2\na: 3\n", 3, "'a' is there twice"),
    "duplicate quoted key": ("a: 1\n'a': 2\n", 2, "'a' is there twice"),
    "duplicate key in flow": ("{a: 1, a: 2}\n", 1, "'a' is there twice"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "a second document"),
    "directive": ("%YAML 1.2\n---\na: 1\n", 1, "directives"),
    "tab in the indentation": ("a:\n\tb: 1\n", 2, "tab"),
    "bad indentation": ("a: 1\n  b: 2\n", 2, ""),
    "less indentation": ("  a: 1\n b: 2\n", 2, "not part of what stands above"),
    "list into map": ("a: 1\n- b\n", 2, ""),
    "no colon": ("a: 1\nb\n", 2, "expected a key"),
    "colon in plain": ("a: b: c\n", 1, "quote the value"),
    "colon in a second line": ("a: b\n  c: d\n", 2, ""),
    "open quote": ('a: "x\nb: 1\n', 1, "no end"),
    "open single quote": ("a: 'x\n", 1, "no end"),
    "open list": ("a: [1,\n  2\n", 2, "ends before the ]"),
    "open map": ("a: {b: 1\n", 1, "ends before the }"),
    "missing comma": ("[a b, 'c' d]\n", 1, "expected , or ]"),
    "empty item": ("[a,,b]\n", 1, "a value is missing"),
    "text after a quote": ("a: 'x' y\n", 1, "follows a value that has ended"),
    "text after a list": ("a: [1] x\n", 1, "follows a value that has ended"),
    "bad escape": ('a: "\\q"\n', 1, "is not an escape"),
    "bad hexadecimal": ('a: "\\xZZ"\n', 1, "hexadecimal"),
    "beyond unicode": ('a: "\\UFFFFFFFF"\n', 1, "hexadecimal"),
    "reserved": ("a: @x\n", 1, "cannot begin with @"),
    "percent": ("a: %x\n", 1, "cannot begin with %"),
    "dash alone": ("a: - b\n", 1, "cannot begin with '-'"),
    "comma first": ("a: ,x\n", 1, "cannot begin with ','"),
    "bad header": ("a: |x\n  y\n", 1, "does not begin a block scalar"),
    "zero indicator": ("a: |0\n  y\n", 1, "does not begin a block scalar"),
    "leading blank too far in": ("a: |\n     \n  x\n", 2, "indented more than its text"),
    "control character": ("a: x\x07\n", 1, "cannot be in YAML"),
    "collection as key": ("{[a]: b}\n", 1, "cannot be a key"),
    "nested too deep": ("[" * 100 + "]" * 100 + "\n", 1, "deep"),
    "blocks nested too deep": ("- " * 100 + "x\n", 1, "deep"),
}


@pytest.mark.parametrize(("text", "line", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_it_refuses_with_the_line(text: str, line: int, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        load(text)
    assert message in str(caught.value)
    assert caught.value.line == line


def test_it_refuses_what_is_too_long() -> None:
    with pytest.raises(YamlError, match="longer than"):
        load("a" * (MAX_TEXT + 1))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=20),
    st.text("ab :#-'\"\n,[]{}|>&*!%@`?\\\t~0.", max_size=20),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("abcdef_-. ", min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


class _Dumper(yaml.SafeDumper):
    """Writes strings in a style of its choice and repeats what PyYAML would alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's shape
        return True


@given(VALUES, st.integers(0, 2**32), st.sampled_from([None, True, False]), st.sampled_from([20, 80, 10_000]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_pyyaml_writes_is_read(value: Any, seed: int, flow: bool | None, width: int) -> None:
    styles = random.Random(seed)  # noqa: S311 - a choice of styles

    def represent(dumper: Any, text: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=styles.choice(["|", ">", "'", '"', None]))

    class Dumper(_Dumper):
        pass

    Dumper.add_representer(str, represent)
    text = yaml.dump(
        value, Dumper=Dumper, default_flow_style=flow, width=width, allow_unicode=True, indent=styles.choice([2, 4])
    )
    if "? " in text or text.startswith("%"):
        return  # PyYAML writes long keys as explicit ones, which are refused
    assert _with_text_keys(load(text)) == _with_text_keys(yaml.safe_load(text))


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key).lower(): _with_text_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(item) for item in value]
    return json.loads(json.dumps(value, default=str))


@given(st.text("a: -\n'\"[]{},|>#&!?*~\t\\1", max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(YamlError):
        load(text)
