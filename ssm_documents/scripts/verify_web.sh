#!/bin/bash
set -euo pipefail

domain="${SSM_DomainName?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
database_host="${SSM_DatabaseHost:?}"

# The eight checks of the testing checklist. Each prints nothing when it passes, and otherwise why not; none stops another.

# fetch URL [OPTION…]: past the public address, but with the name, so that the certificate is verified like a browser would.
fetch() {
  local url=$1
  shift
  curl -sS --max-time 10 --resolve "${domain:-localhost}:443:127.0.0.1" --resolve "${domain:-localhost}:80:127.0.0.1" \
    "$@" "$url" 2>&1
}

base="http://localhost"
if [ -n "$domain" ]; then base="https://$domain"; fi

check_page() {
  local answer
  answer=$(fetch "$base/" -o /dev/null -w '%{http_code}') || true
  [ "$answer" = 200 ] || printf '%s/ answers %s' "$base" "$answer"
}

check_redirect() {
  local answer
  [ -n "$domain" ] || return 0
  answer=$(fetch "http://$domain/path?x=1" -o /dev/null -w '%{http_code} %{redirect_url}') || true
  [ "$answer" = "301 https://$domain/path?x=1" ] || printf 'http://%s/ answers %s' "$domain" "$answer"
}

check_database_json() {
  local answer
  answer=$(fetch "$base/db-check") || true
  [ "$answer" = '{"status":"ok"}' ] || printf '/db-check answers %.120s' "$answer"
}

check_login() { as_application venv/bin/python -m flask_app.probe 2>&1 | tail -n 1 | sed '/^ok /d'; }

check_port() {
  # shellcheck disable=SC2016 # the inner shell's own argument: no value becomes part of a program
  timeout 5 bash -c ': <"/dev/tcp/$1/3306"' port "$database_host" 2>/dev/null ||
    printf 'port 3306 of %s is closed' "$database_host"
}

check_application_log() {
  local since lines
  since=$(systemctl show --property ActiveEnterTimestamp --value flask-app.service)
  [ -n "$since" ] || {
    printf 'flask-app does not run'
    return 0
  }
  lines=$(journalctl --unit flask-app.service --since "${since#* }" --no-pager --output cat |
    grep -cE 'Traceback|\[(ERROR|CRITICAL)\]') || true
  [ "$lines" = 0 ] || printf '%s errors since the start: journalctl -u flask-app' "$lines"
}

check_access_log() {
  local mark="verify-$$-$RANDOM"
  fetch "$base/?$mark" -o /dev/null >/dev/null || true
  grep -qsF "$mark" /var/log/nginx/flask_access.log || printf 'a request was not written to flask_access.log'
}

check_boot() {
  local failed=""
  failed=$(systemctl list-units --state=failed --no-legend --plain | awk '{print $1}' | paste -sd' ' -)
  if [ -n "$failed" ]; then
    printf 'failed units: %.150s' "$failed"
  elif grep -qsE 'Traceback|^(ERROR|FAILED)' /var/log/cloud-init-output.log; then
    printf 'errors in /var/log/cloud-init-output.log'
  fi
}

verdicts=()
for check in page redirect database_json login port application_log access_log boot; do
  verdicts+=("$check" "$("check_$check" || true)")
done
result "${verdicts[@]}"
