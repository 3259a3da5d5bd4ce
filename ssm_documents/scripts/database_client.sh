#!/bin/bash
set -euo pipefail

# The administrator's client of whichever server this host has: over the socket, as root, without a password.

if command -v mariadbd >/dev/null; then
  engine=mariadb
elif command -v mysqld >/dev/null; then
  engine=mysql
else
  fail "this host has no database server: run FlaskOps-BootstrapStack first"
fi

sql() { "$engine" --protocol=socket --batch --skip-column-names --connect-timeout=10 "$@"; }

# server_answers SECONDS: waits until the server takes statements.
server_answers() {
  local deadline=$((SECONDS + $1))
  until sql -e 'SELECT 1' >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.3
  done
}
