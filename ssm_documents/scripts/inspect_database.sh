#!/bin/bash
set -euo pipefail

address="${SSM_DatabaseHost:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"

# Facts about the database host, each short, none changing anything; what they mean is decided elsewhere.

first_line() { head -n 1 | tr -d '\000-\037' | cut -c "1-$1"; }

engine=none
if command -v mariadbd >/dev/null; then engine=mariadb; elif command -v mysqld >/dev/null; then engine=mysql; fi
query() { timeout 10 "$engine" --protocol=socket --batch --skip-column-names --connect-timeout=5 -e "$1" 2>/dev/null || true; }

facts=(engine "$engine" default_route "$(ip route show default | grep -c default || true)")
facts+=(volume "$(mountpoint -q /var/lib/database-volume && echo mounted || echo missing)")
facts+=(disk_percent "$(df --output=pcent / | tail -n 1 | tr -dc 0-9)")
facts+=(data_percent "$(df --output=pcent /var/lib/mysql 2>/dev/null | tail -n 1 | tr -dc 0-9 || true)")
facts+=(memory_free_mib "$(awk '/MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)")
if [ "$engine" != none ]; then
  facts+=(server "$(systemctl is-active "$engine" 2>/dev/null || true)" answers "$(query 'SELECT 1')")
  facts+=(listens "$(ss -Hltn "sport = :3306" | awk '{print $4}' | paste -sd' ' - | first_line 120)" address "$address")
  facts+=(accounts "$(query "SELECT COUNT(*) FROM mysql.user WHERE user = 'appuser'")")
  facts+=(connections "$(query "SHOW STATUS LIKE 'Threads_connected'" | awk '{print $2}')")
  facts+=(connections_limit "$(query 'SELECT @@max_connections')")
  facts+=(server_error "$(journalctl -u "$engine" -n 60 --no-pager -o cat 2>/dev/null | grep -iE '\[ERROR\]|failed' |
    tail -n 1 | first_line 160 || true)")
fi
result "${facts[@]}"
