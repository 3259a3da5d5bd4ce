#!/bin/bash
set -euo pipefail

mode="${SSM_Mode:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"

hold_lock web 120
running=$(current_release)
[ -n "$running" ] || fail "no release is installed: run FlaskOps-BootstrapStack first"

if [ "$mode" = graceful ]; then
  # A release that does not load would not come back: found out while the running one still serves.
  check_release "$running" ||
    fail "release $running does not load (its last lines are above), so nothing was restarted: run FlaskOps-RollbackRelease"
  # The socket stays systemd's: requests that arrive meanwhile wait in it.
  systemctl restart flask-app.service || fail "the service does not start: look at journalctl -u flask-app"
else
  systemctl kill --signal=KILL flask-app.service 2>/dev/null || true
  systemctl stop flask-app.service flask-app.socket
  systemctl reset-failed flask-app.service flask-app.socket 2>/dev/null || true
  systemctl start flask-app.socket flask-app.service || fail "the service does not start: look at journalctl -u flask-app"
fi

master=$(systemctl show --property MainPID --value flask-app.service)
wait_for /readyz "\"parent_pid\":$master," 60 ||
  fail "the new processes run but are not ready: run FlaskOps-TroubleshootDatabase, or look at journalctl -u flask-app"
log "release $running serves with new processes (master $master)"
result release "$running" mode "$mode" master "$master"
