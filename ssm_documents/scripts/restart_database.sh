#!/bin/bash
set -euo pipefail

mode="${SSM_Mode:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"

# A backup or a rotation at work is waited for.
hold_lock database 300
started=$(date +%s%N)
if [ "$mode" = hard ]; then systemctl kill --signal=KILL "$engine.service" 2>/dev/null || true; fi
systemctl reset-failed "$engine.service" 2>/dev/null || true
timeout 240 systemctl restart "$engine.service" || {
  journalctl --unit "$engine.service" --no-pager --output cat --lines 10 >&2
  fail "the server does not start (its last lines are above)"
}
server_answers 60 || fail "the server runs but takes no statements: journalctl -u $engine"
away=$((($(date +%s%N) - started) / 1000000))
log "the server was away for at most $away ms"
result mode "$mode" engine "$engine" milliseconds "$away"
