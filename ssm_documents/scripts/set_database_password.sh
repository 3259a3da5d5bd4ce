#!/bin/bash
set -euo pipefail

action="${SSM_Action:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
secret_arn="${SSM_SecretArn:?}"
keep="${SSM_KeepVersion:?}"
add="${SSM_AddVersion?}"
[ "$action" = retire ] || [ -n "$add" ] || fail "add needs AddVersion"

hold_lock database 120
server_answers 30 || fail "the server does not answer: run FlaskOps-RestartDatabase"
hosts=$(sql -e "SELECT host FROM mysql.user WHERE user = 'appuser' ORDER BY host" | paste -sd, -)
[ -n "$hosts" ] || fail "there is no account appuser: run FlaskOps-BootstrapStack first"

versions=("$keep")
if [ "$action" = add ]; then versions+=("$add"); fi
run_helper database_password.py "$engine" "$action" "$secret_arn" "$hosts" "${versions[@]}" >"$work_folder/password.sql" ||
  fail "the secret's versions could not be read: check the instance profile's permissions on $secret_arn"
# The server's message would quote the statement, and with it the password.
sql <"$work_folder/password.sql" 2>"$work_folder/error" || {
  fail "the server refused the change: $(sed -n 's/^ERROR \([0-9]*\).*/error \1/p' "$work_folder/error" | head -n 1)"
}
result action "$action" kept "$keep" added "$add"
