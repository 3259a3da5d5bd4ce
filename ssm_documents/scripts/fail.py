"""Ends a runbook as failed, with a reason. InputPayload: Reason."""


def fail(events, _context):
    raise RuntimeError(events["Reason"])
