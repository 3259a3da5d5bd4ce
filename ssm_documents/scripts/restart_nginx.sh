#!/bin/bash
set -euo pipefail

mode="${SSM_Mode:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"

answers() {
  local code
  code=$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' http://127.0.0.1/livez) || true
  [ "$code" = 200 ] || [ "$code" = 301 ]
}

# drain: answers close their connections from here on, so that the old workers will have none that is in use. It ends with
# this run, or after a minute when the run is killed.
drain() {
  local unit=nginx-draining-end
  systemctl stop "$unit.timer" 2>/dev/null || true
  systemd-run --quiet --collect --unit="$unit" --on-active=60 rm -f /run/nginx-draining
  trap 'rm -f /run/nginx-draining; systemctl stop nginx-draining-end.timer 2>/dev/null || true; rm -rf "$work_folder"' EXIT
  touch /run/nginx-draining
  sleep 3
}

# upgrade: a new master takes over the listening sockets, the old one finishes its requests and ends.
upgrade() {
  local old new=""
  old=$(cat /run/nginx.pid)
  drain
  kill -USR2 "$old"
  for _ in $(seq 50); do
    new=$(cat /run/nginx.pid 2>/dev/null || true)
    if [ -n "$new" ] && [ "$new" != "$old" ] && [ -e /run/nginx.pid.oldbin ]; then break; fi
    sleep 0.2
  done
  [ -n "$new" ] && [ "$new" != "$old" ] || fail "the new nginx did not start; the old one still serves: journalctl -u nginx"
  answers || {
    kill -QUIT "$new"
    fail "the new nginx did not answer and was stopped; the old one still serves"
  }
  kill -QUIT "$old"
  for _ in $(seq 150); do
    [ -e "/proc/$old" ] || return 0
    sleep 0.2
  done
  log "the old master $old still finishes connections"
}

hold_lock web 120
nginx -t 2>"$work_folder/nginx.log" || {
  cat "$work_folder/nginx.log" >&2
  fail "nginx refuses its configuration (its own words are above), so nothing was restarted"
}
if ! systemctl is-active -q nginx; then
  systemctl restart nginx || fail "nginx does not start: journalctl -u nginx"
else
  case $mode in
    reload) systemctl reload nginx ;;
    upgrade) upgrade ;;
    hard) systemctl restart nginx || fail "nginx does not start: journalctl -u nginx" ;;
    *) fail "unknown mode $mode" ;;
  esac
fi
for _ in $(seq 20); do
  if answers; then break; fi
  sleep 0.5
done
answers || fail "nginx runs but does not answer: run FlaskOps-TroubleshootHttp"
result mode "$mode" master "$(cat /run/nginx.pid)" version "$(nginx -v 2>&1 | sed 's/.*: //')"
