#!/bin/bash
set -euo pipefail

: "${AWS_SSM_INSTANCE_ID:?this script is meant to be run by the SSM agent}"

# What mysql_secure_installation asks for, unattended and proven by queries.
superfluous="user = '' OR (user = 'root' AND host <> 'localhost')"

hold_lock database 120
server_answers 30 || fail "the server does not answer: run FlaskOps-RestartDatabase"
dropped=$(sql -e "SELECT COUNT(*) FROM mysql.user WHERE $superfluous")
sql -e "SELECT CONCAT('DROP USER ', QUOTE(user), '@', QUOTE(host), ';') FROM mysql.user WHERE $superfluous" \
  >"$work_folder/drop.sql"
sql <"$work_folder/drop.sql"
# The grants that let anybody use databases called test…, and the database itself.
sql -e "DELETE FROM mysql.db WHERE db IN ('test', 'test\\\\_%'); DROP DATABASE IF EXISTS test; FLUSH PRIVILEGES"

prove() {
  local got
  got=$(sql -e "$2") || fail "the query for '$1' failed"
  [ "$got" = "$3" ] || fail "not hardened: $1 (expected $3, found $got)"
}
prove 'no anonymous account, no root from elsewhere' "SELECT COUNT(*) FROM mysql.user WHERE $superfluous" 0
prove 'no database test' "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'test'" 0
prove 'no grants on test databases' "SELECT COUNT(*) FROM mysql.db WHERE db IN ('test', 'test\\\\_%')" 0
prove 'connections over TCP need TLS' 'SELECT @@require_secure_transport' 1
prove 'no files are read from clients' 'SELECT @@local_infile' 0
prove 'root logs in over the socket alone' \
  "SELECT COUNT(*) FROM mysql.user WHERE user = 'root' AND plugin NOT IN ('auth_socket', 'unix_socket', 'mysql_native_password')" 0
result hardened yes dropped_accounts "$dropped"
