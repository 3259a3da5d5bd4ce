#!/bin/bash
set -euo pipefail

: "${AWS_SSM_INSTANCE_ID:?this script is meant to be run by the SSM agent}"

hold_lock web 120
as_application venv/bin/python -m flask_app.migrate ../db >"$work_folder/seed.out" 2>"$work_folder/seed.err" || {
  cat "$work_folder/seed.err" >&2
  fail "the schema could not be brought up to date (the reason is above); what was applied is recorded, so run it again"
}
tail -n 1 "$work_folder/seed.out"
