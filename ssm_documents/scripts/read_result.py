"""Gives the last line of a command's output that is a JSON object. InputPayload: Output."""

import json


def read(events, _context):
    for line in reversed(events["Output"].splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    raise RuntimeError(f"The host's output has no result in it; its end was: {events['Output'][-300:]}")
