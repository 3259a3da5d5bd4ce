"""Makes the table of FlaskOps-VerifyStack from the last line of the host's output.

InputPayload: Output (the command's output), DomainName. Returns Table (Markdown), Passed (boolean), Failed (text).
"""

import json

TITLES = {
    "page": "The front page answers 200 (HTTPS with a valid certificate when there is a domain)",
    "redirect": "HTTP redirects to HTTPS",
    "database_json": '/db-check answers {"status":"ok"}',
    "login": "The application's account logs in to the database from the web host",
    "port": "Port 3306 of the database host is open from the web host",
    "application_log": "The application's log is clean",
    "access_log": "nginx writes its access log",
    "boot": "The boot log is clean and no unit has failed",
}


def last_result(output):
    """Read the last line of an output that is a JSON object; whatever follows it (the error output) is no such line."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            try:
                return json.loads(line)
            except ValueError:
                continue
    raise RuntimeError(f"The host's output has no result in it; its end was: {output[-300:]}")


def report(events, _context):
    verdicts = last_result(events["Output"])
    has_domain = bool(events["DomainName"])
    rows = []
    failed = []
    for number, (check, title) in enumerate(TITLES.items(), start=1):
        reason = verdicts.get(check, "was not checked")
        verdict = "passed" if not reason else "FAILED"
        if check == "redirect" and not has_domain:
            verdict = "passed (the stack has no domain)"
        if reason:
            failed.append(f"{number}. {title}: {reason}")
        rows.append(f"| {number} | {title} | {verdict} | {reason} |")
    table = "\n".join(["| # | check | result | detail |", "|---|---|---|---|", *rows])
    return {"Table": table, "Passed": not failed, "Failed": "; ".join(failed)}
