#!/bin/bash
set -euo pipefail

# Installs the server. Its package makes the data directory, and that can fail for no fault of the host's: Debian's and
# Ubuntu's mysql-server tell the first server to shut down while it is still at work on its system views; about one time
# in 150 it is killed there (MY-010943) and leaves a directory that no server can use, now or later.

data=/var/lib/mysql

is_empty() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }

# install_server PACKAGE SERVICE [PACKAGE…]: up to three attempts, as long as the data directory was empty when it began.
install_server() {
  local package=$1 service=$2 may_begin_again=no attempt
  shift 2
  if is_empty "$data"; then may_begin_again=yes; fi
  for attempt in 1 2 3; do
    if try_packages "$package" "$@"; then return 0; fi
    explain_server
    if [ "$may_begin_again" = no ] || is_empty "$data" || systemctl is-active -q "$service.service"; then
      fail "apt-get could not install $package (its last lines, and the server's, are above): if the server finds its" \
        "data directory unusable and no database was ever in it, empty $data; otherwise check the host's route out and its disk"
    fi
    log "the first start of the server failed (attempt $attempt of 3); removing the unusable data directory that it left"
    find "$data" -mindepth 1 -delete
  done
  fail "the server of $package failed at its first start three times (its last words are above)"
}

explain_server() {
  local file
  for file in /var/log/mysql/error.log /var/log/mysql/mariadb.log; do
    if [ -s "$file" ]; then tail -n 5 "$file" >&2; fi
  done
}
