#!/bin/bash
set -euo pipefail

engine="${SSM_DatabaseEngine:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
database="${SSM_DatabaseName:?}"
host_pattern="${SSM_AllowedHost:?}"
secret_arn="${SSM_SecretArn:?}"
volume_id="${SSM_DataVolumeId:?}"
volume_device="${SSM_DataVolumeDevice:?}"

hold_lock database 300

# The server listens on the private address alone; its own administration goes over the socket.
address=$(ip -4 -o route get 169.254.169.254 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p' | head -n 1)
[ -n "$address" ] || address=$(hostname -I | tr ' ' '\n' | grep -m 1 '\.') || fail "this host has no IPv4 address"

server_settings() {
  cat <<END
[mysqld]
bind-address = $address
require_secure_transport = ON
skip-name-resolve
local-infile = 0
max_connections = 100
table_open_cache = 400
# Small enough for a host with 1 GiB of memory.
innodb_buffer_pool_size = 128M
performance_schema = OFF
END
  if [ "$engine" = mysql ]; then
    printf 'user = mysql\nlog_error = /var/log/mysql/error.log\nmysqlx = OFF\nbinlog_expire_logs_seconds = 86400\n'
  fi
}

configure() {
  # MySQL reads the files of a folder in no particular order, so the package's own file is replaced (and kept at upgrades);
  # MariaDB reads them sorted. Either is there before the package, so that the very first start is the right one.
  local file=/etc/mysql/mysql.conf.d/mysqld.cnf
  [ "$engine" = mysql ] || file=/etc/mysql/mariadb.conf.d/99-flask-app.cnf
  mkdir -p "$(dirname "$file")"
  server_settings | put_file 644 root:root "$file"
}

mount_volume
forget_changes
configure
was_there=no
if command -v mysqld >/dev/null || command -v mariadbd >/dev/null; then was_there=yes; fi
install_server "$engine-server" "$engine" python3-boto3

service=$engine
if changed && [ "$was_there" = yes ]; then
  systemctl restart "$service"
fi
systemctl enable -q --now "$service"

client=(mysql --protocol=socket --batch --skip-column-names)
[ "$engine" = mariadb ] && client=(mariadb --protocol=socket --batch --skip-column-names)
for _ in $(seq 120); do
  if "${client[@]}" -e 'SELECT 1' >/dev/null 2>&1; then break; fi
  sleep 0.5
done
version=$("${client[@]}" -e 'SELECT VERSION()') || fail "the server does not answer: look at journalctl -u $service"

# Written to a file that only root reads, in memory; the pipe would hide a failure of the left side from the message.
run_helper database_account.py "$engine" "$database" "$host_pattern" "$secret_arn" AWSCURRENT >"$work_folder/account.sql" ||
  fail "the secret could not be read: check the instance profile's permissions on $secret_arn"
"${client[@]}" <"$work_folder/account.sql" || fail "the application's account could not be made"

# shellcheck disable=SC2016 # the inner shell's own argument: no value becomes part of a program
timeout 5 bash -c ': <"/dev/tcp/$1/3306"' port "$address" 2>/dev/null ||
  fail "the server does not listen on $address:3306: look at the settings in /etc/mysql and at journalctl -u $service"
log "the database answers on $address:3306"
result engine "$engine" version "$version" address "$address" database "$database" volume "$volume_id"
