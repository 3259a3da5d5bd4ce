#!/bin/bash
set -euo pipefail

# Faults of the drills. The undo of each is written and armed before the fault, as a timer of systemd's own: it outlives
# this script, the agent and the runbook. Everything is under /run, so that a reboot undoes it too.

drill=/run/flask-ops-drill
undo_unit=flask-ops-drill-undo

write_undo() {
  mkdir -p "$drill"
  {
    printf '#!/bin/bash\nset -uo pipefail\n'
    cat
    printf 'rm -rf %s\n' "$drill"
  } >"$drill/undo"
}

# arm SECONDS: the undo runs then, whatever happens to everybody else; without it there is no fault.
arm() {
  systemctl stop "$undo_unit.timer" 2>/dev/null || true
  systemctl reset-failed "$undo_unit.service" 2>/dev/null || true
  systemd-run --quiet --unit="$undo_unit" --on-active="$1" --timer-property=AccuracySec=100ms /bin/bash "$drill/undo"
  systemctl is-active -q "$undo_unit.timer" || fail "the undo could not be armed, so nothing was broken"
}

# recover: undoes whatever a drill left on this host; nothing when there is none.
recover() {
  # Named as bash's argument: distributions mount /run without the right to execute.
  if [ -e "$drill/undo" ]; then /bin/bash "$drill/undo"; fi
  systemctl stop "$undo_unit.timer" 2>/dev/null || true
}
