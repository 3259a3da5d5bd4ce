#!/bin/bash
set -euo pipefail

bucket="${SSM_Bucket:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
key="${SSM_Key:?}"
secret_arn="${SSM_SecretArn:?}"

folder="$work_folder/diagnostics"
mkdir -p "$folder"

# keep NAME COMMAND…: at most 1 MiB and 20 s of a command's output; a command that fails or is missing says so in its file.
keep() {
  local name=$1
  shift
  { timeout 20 "$@" 2>&1 || printf '(ended with code %s)\n' "$?"; } | head -c 1048576 >"$folder/$name" || true
}

# Ubuntu's images have the agent as a snap, whose unit is named after it; from a package it is the unit amazon-ssm-agent.
agent_snap=snap.amazon-ssm-agent.amazon-ssm-agent

keep units.txt systemctl list-units --all --no-pager 'flask-app*' nginx.service mysql.service mariadb.service \
  database-volume.service amazon-ssm-agent.service "$agent_snap.service" 'certbot*'
keep failed-units.txt systemctl list-units --state=failed --no-pager --no-legend
keep unit-files.txt systemctl cat --no-pager flask-app.service flask-app.socket nginx.service mysql.service mariadb.service
for unit in flask-app nginx mysql mariadb database-volume amazon-ssm-agent "$agent_snap" certbot; do
  keep "journal-$unit.txt" journalctl --unit "$unit.service" --lines 400 --no-pager
done
keep agent.txt tail -n 400 /var/log/amazon/ssm/amazon-ssm-agent.log
keep boot.txt journalctl --boot --priority warning --lines 400 --no-pager
keep cloud-init.txt tail -n 400 /var/log/cloud-init-output.log
keep nginx-access.txt tail -n 400 /var/log/nginx/flask_access.log
keep nginx-error.txt tail -n 400 /var/log/nginx/flask_error.log
keep nginx-configuration.txt nginx -T
keep database-error.txt tail -n 400 /var/log/mysql/error.log
keep database-settings.txt grep -rsv '^#' /etc/mysql --include=*.cnf --exclude=debian.cnf
keep application-settings.txt cat /etc/flask-app.env
keep releases.txt ls -l /opt/flask-app /opt/flask-app/releases
keep certificates.txt certbot certificates
keep ports.txt ss -tlnp
keep connections.txt ss -s
keep addresses.txt ip address
keep routes.txt ip route
keep disks.txt df -h
keep memory.txt free -m
keep load.txt uptime
keep processes.txt ps -eo pid,ppid,user,etime,rss,comm --sort=-rss

run_helper mask.py "$folder" "$secret_arn" || fail "the files could not be masked, so nothing was sent"
tar -C "$work_folder" -cz diagnostics | run_helper upload.py "$bucket" "$key" >"$work_folder/sent" ||
  fail "the archive could not be sent: check the instance profile's permissions on $bucket"
read -r sha256 bytes <"$work_folder/sent"
result key "$key" sha256 "$sha256" bytes "$bytes"
