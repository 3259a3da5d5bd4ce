#!/bin/bash
set -euo pipefail

action="${SSM_Action:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
bucket="${SSM_Bucket:?}"
key="${SSM_Key:?}"
expected="${SSM_Sha256:?}"
database="${SSM_DatabaseName:?}"

scratch="${database}_restore"
former="${database}_former"
download="/var/lib/database-volume/restore.sql.gz"

tables_of() {
  sql -e "SELECT table_name FROM information_schema.tables WHERE table_schema = '$1' AND table_type = 'BASE TABLE'
          ORDER BY table_name"
}

load_into_scratch() {
  local got
  trap 'rm -rf "$work_folder" "$download"' EXIT
  read -r got _ < <(run_helper download.py "$bucket" "$key" "$download") || true
  [ -n "${got:-}" ] || fail "the backup $key could not be fetched: check the instance profile's permissions on $bucket"
  [ "$got" = "$expected" ] || fail "the backup $key is damaged: its checksum is $got, the manifest says $expected"
  sql -e "DROP DATABASE IF EXISTS \`$scratch\`; CREATE DATABASE \`$scratch\` CHARACTER SET utf8mb4"
  gunzip -c "$download" | sql "$scratch" || fail "the backup $key could not be loaded (the server's words are above)"
}

count_rows() {
  local table
  tables_of "$scratch" | while read -r table; do
    printf '%s=%s ' "$table" "$(sql -e "SELECT COUNT(*) FROM \`$scratch\`.\`$table\`")"
  done
}

# swap: every table at once, in one atomic statement; the tables that served until now stay in the former schema.
swap() {
  local from=$1 aside=$2 table parts=()
  sql -e "CREATE DATABASE IF NOT EXISTS \`$aside\` CHARACTER SET utf8mb4"
  for table in $(tables_of "$database"); do parts+=("\`$database\`.\`$table\` TO \`$aside\`.\`$table\`"); done
  for table in $(tables_of "$from"); do parts+=("\`$from\`.\`$table\` TO \`$database\`.\`$table\`"); done
  [ "${#parts[@]}" -gt 0 ] || fail "there is no table in $from"
  (IFS=, && printf 'SET SESSION lock_wait_timeout = 30; RENAME TABLE %s;\n' "${parts[*]}") >"$work_folder/swap.sql"
  sql <"$work_folder/swap.sql" || fail "the tables could not be exchanged (the server's words are above); nothing changed"
}

hold_lock database 300
server_answers 30 || fail "the server does not answer: run FlaskOps-RestartDatabase"
case $action in
  drill)
    load_into_scratch
    rows=$(count_rows)
    sql -e "DROP DATABASE \`$scratch\`"
    ;;
  replace)
    load_into_scratch
    rows=$(count_rows)
    sql -e "DROP DATABASE IF EXISTS \`$former\`"
    swap "$scratch" "$former"
    sql -e "DROP DATABASE \`$scratch\`"
    ;;
  undo)
    rows=""
    if [ -n "$(tables_of "$former")" ]; then
      swap "$former" "${database}_undone"
      sql -e "DROP DATABASE \`${database}_undone\`; DROP DATABASE \`$former\`"
    fi
    ;;
  *) fail "unknown action $action" ;;
esac
result action "$action" key "$key" rows "${rows% }"
