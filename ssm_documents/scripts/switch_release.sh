#!/bin/bash
set -euo pipefail

action="${SSM_Action:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
target="${SSM_Release?}"

hold_lock web 300
former=$(proven_release)
if [ -z "$former" ]; then
  former=$(current_release)
  record_release "$former"
fi

case $action in
  deploy) [ -n "$target" ] || fail "deploy needs Release" ;;
  rollback)
    if [ -z "$target" ]; then
      # The one before the newest, so that a second run does not go back further by surprise.
      target=$(tail -n 2 "$app_root/deployed" | head -n 1)
      [ "$(wc -l <"$app_root/deployed")" -ge 2 ] || fail "there is no earlier release on this host to go back to"
    fi
    ;;
  restore) target=$former ;;
  *) fail "unknown action $action" ;;
esac
[ -e "$app_root/releases/$target/COMPLETE" ] ||
  fail "release $target is not on this host; it has: $(find "$app_root/releases" -mindepth 1 -maxdepth 1 -printf '%f ')"

if [ "$(current_release)" = "$target" ] && [ "$(served_release)" = "$target" ] && wait_for /readyz '"status":"ok"' 5; then
  log "release $target serves already"
  if [ "$action" = deploy ]; then record_release "$target"; fi
  result release "$target" former "$former" changed no
  exit 0
fi

if [ "$action" != restore ]; then
  try_release "$target" || fail "release $target does not become ready (its last lines are above); nothing was switched"
fi
return_to_former() {
  journalctl --unit flask-app.service --no-pager --output cat --lines 8 >&2
  [ "$former" != "$target" ] || fail "release $target does not become ready: run FlaskOps-TroubleshootHttp"
  serve_release "$former" || fail "neither release $target nor the former one, $former, is ready: FlaskOps-TroubleshootHttp"
  fail "release $target did not become ready after the switch; the former one, $former, serves again"
}

serve_release "$target" || return_to_former
if [ "$action" = deploy ]; then
  record_release "$target"
  prune_releases 5
else
  printf '%s\n' "$target" >"$app_root/proven"
fi
result release "$target" former "$former" changed yes
