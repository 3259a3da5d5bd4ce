#!/bin/bash
set -euo pipefail

bucket="${SSM_Bucket:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
prefix="${SSM_Prefix:?}"
database="${SSM_DatabaseName:?}"

hold_lock database 300
server_answers 30 || fail "the server does not answer: run FlaskOps-RestartDatabase"

# A dump in one transaction is consistent only while no table changes its shape: migrations wait for the same lock. The
# session that holds it ends with its standard input.
coproc SCHEMA_LOCK { sql --unbuffered; }
printf "SELECT GET_LOCK('flask_app_schema', 60);\n" >&"${SCHEMA_LOCK[1]}"
read -r -t 90 got <&"${SCHEMA_LOCK[0]}" || got=""
[ "$got" = 1 ] || fail "a migration holds the schema lock: wait for it and run this again"

sql -e "SELECT table_name FROM information_schema.tables WHERE table_schema = '$database' AND table_type = 'BASE TABLE'" \
  >"$work_folder/tables"
[ -s "$work_folder/tables" ] || fail "database $database has no tables: run FlaskOps-SeedDatabase first"
while read -r table; do
  printf '%s %s\n' "$table" "$(sql -e "SELECT COUNT(*) FROM \`$database\`.\`$table\`")"
done <"$work_folder/tables" >"$work_folder/rows"

dump=(mysqldump --set-gtid-purged=OFF)
[ "$engine" = mariadb ] && dump=(mariadb-dump)
key="$prefix/$(date -u +%Y%m%dT%H%M%SZ).sql.gz"
"${dump[@]}" --protocol=socket --single-transaction --quick --routines --events --triggers --no-tablespaces "$database" |
  gzip -1 | run_helper upload.py "$bucket" "$key" >"$work_folder/sent" ||
  fail "the dump could not be made or sent: check the disk, and the instance profile's permissions on $bucket"
read -r sha256 bytes <"$work_folder/sent"

# Written last: a dump without its manifest was cut off, and no restore takes it.
run_helper manifest.py "$key" "$sha256" "$bytes" "$engine" "$database" "$work_folder/rows" >"$work_folder/manifest"
run_helper upload.py "$bucket" "$key.json" <"$work_folder/manifest" >/dev/null || fail "the manifest could not be sent"
result key "$key" sha256 "$sha256" bytes "$bytes" tables "$(wc -l <"$work_folder/tables")"
