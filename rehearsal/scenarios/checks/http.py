"""Asks over HTTP from the outside, with curl, as a client of the application would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jmespath

from rehearsal.scenarios.answers import judge, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rehearsal.scenarios.surroundings import Surroundings

SEPARATOR = "\n--- what curl saw ---\n"
# curl writes these after the body; the header names are in lower case.
WRITE_OUT = SEPARATOR.replace("\n", "\\n") + '{"status": %{http_code}, "headers": %{header_json}}'

REPEATABLE = ("GET", "HEAD", "OPTIONS")


def ask(settings: Mapping[str, Any], surroundings: Surroundings) -> str:
    seconds = settings.get("timeout_seconds", 10)
    argv = ["curl", "--silent", "--show-error", "--max-time", str(seconds), "--write-out", WRITE_OUT]
    argv += ["--request", settings.get("method", "GET")]
    if surroundings.common.ca_file:
        argv += ["--cacert", surroundings.common.ca_file]
    done = surroundings.outside.run([*argv, "--url", settings["url"]], timeout_seconds=seconds + 10)
    if done.code == 0 and not done.stdout and settings.get("method", "GET") in REPEATABLE:
        # A container engine under load may lose what a short command wrote; that is no answer of the application.
        done = surroundings.outside.run([*argv, "--url", settings["url"]], timeout_seconds=seconds + 10)
    if done.code != 0:
        return f"{settings['url']}: {shorten(done.stderr) or f'curl ended with code {done.code}'}"
    body, found, seen = done.stdout.rpartition(SEPARATOR)
    if not found or not seen.strip():
        return f"{settings['url']}: curl ended well and did not say what it saw: {shorten(done.stdout) or 'nothing'}"
    return _judge(settings, body, json.loads(seen))


def _judge(settings: Mapping[str, Any], body: str, seen: Mapping[str, Any]) -> str:
    url, wanted = settings["url"], settings.get("status", 200)
    if seen["status"] != wanted:
        return f"{url} answered {seen['status']}, wanted {wanted}: {shorten(body)}"
    for name, value in settings.get("header", {}).items():
        values = seen["headers"].get(name.lower(), [])
        if value not in values:
            return f"{url} answered with {name}: {', '.join(values) or 'nothing'}, wanted {value}"
    if "answer" not in settings:
        return ""
    answer: Any = body
    if "query" in settings:
        try:
            answer = jmespath.search(settings["query"], json.loads(body))
        except json.JSONDecodeError:
            return f"{url} answered no JSON: {shorten(body)}"
    wrong = judge(settings["answer"], answer)
    return f"{url}: {wrong}" if wrong else ""
