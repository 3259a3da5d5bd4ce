"""Compares the rows of a restored backup with what its manifest says.

InputPayload: Expected (text), Output (of the host). Returns Table (Markdown). Raises an error when a table is missing.
Counts may differ by what was written while the backup was made, and are shown side by side.
"""

import json


def last_result(output):
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    raise RuntimeError(f"The host's output has no result in it; its end was: {output[-300:]}")


def pairs(text):
    return dict(part.split("=", 1) for part in text.split())


def compare(events, _context):
    expected = pairs(events["Expected"])
    restored = pairs(last_result(events["Output"])["rows"])
    missing = sorted(set(expected) - set(restored))
    if missing:
        raise RuntimeError(f"The restored backup lacks the tables {', '.join(missing)}.")
    rows = [f"| {table} | {expected[table]} | {restored[table]} |" for table in sorted(expected)]
    return {"Table": "\n".join(["| table | rows at the backup | rows restored |", "|---|---|---|", *rows])}
