#!/bin/bash
set -euo pipefail

version="${SSM_Version:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"

hold_lock web 120
running=$(current_release)
# A reload with code that does not load ends the whole service, so that is found out first.
check_release "$running" || fail "release $running does not load (its last lines are above): run FlaskOps-RollbackRelease"
systemctl reload flask-app.service || fail "the service does not run: look at journalctl -u flask-app"
wait_for /readyz "\"secret_version\":\"$version\"" 60 ||
  fail "not every process uses version $version of the secret: look at journalctl -u flask-app"
result release "$running" secret_version "$version"
