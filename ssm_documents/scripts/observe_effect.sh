#!/bin/bash
set -euo pipefail

effect="${SSM_Effect:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
domain="${SSM_DomainName?}"
seconds="${SSM_Seconds:?}"

code_of() { ask "$1" | cut -c 1-3; }

tls_error() {
  curl -sS --max-time 8 --resolve "$domain:443:127.0.0.1" -o /dev/null "https://$domain/livez" 2>&1 | head -n 1 || true
}

seen() {
  case $effect in
    database-away)
      database=$(code_of /db-check)
      page=$(code_of /)
      [ "$database" != 200 ] && [ "$page" = 200 ]
      ;;
    database-back)
      database=$(code_of /db-check)
      page=$(code_of /)
      [ "$database" = 200 ] && [ "$page" = 200 ]
      ;;
    certificate-refused)
      error=$(tls_error)
      [[ $error == *certificate* ]]
      ;;
    certificate-accepted)
      error=$(tls_error)
      [ -z "$error" ]
      ;;
    *) fail "unknown effect $effect" ;;
  esac
}

page="" database="" error=""
started=$SECONDS
until seen; do
  [ $((SECONDS - started)) -lt "$seconds" ] ||
    fail "$effect was not seen within $seconds s (page $page, database $database, TLS: ${error:-no error})"
  sleep 0.5
done
result effect "$effect" seconds "$((SECONDS - started))" page "$page" database "$database" tls_error "$error"
