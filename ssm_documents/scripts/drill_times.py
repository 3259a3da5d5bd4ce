"""Works out how long the on-host undo waits.

InputPayload: DurationSeconds, Mode. Returns UndoAfterSeconds, Hold (ISO 8601).

automatic: the runbook recovers after the duration, and the undo on the host stands behind it by a minute.
observe-only: nobody recovers; the undo on the host ends the fault after the duration.
"""

MARGIN_SECONDS = 60


def times(events, _context):
    duration = int(events["DurationSeconds"])
    automatic = events["Mode"] == "automatic"
    return {
        "UndoAfterSeconds": str(duration + MARGIN_SECONDS if automatic else duration),
        "Hold": f"PT{duration}S",
    }
