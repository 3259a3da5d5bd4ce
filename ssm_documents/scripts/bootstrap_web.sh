#!/bin/bash
set -euo pipefail

secret_arn="${SSM_SecretArn:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
database_host="${SSM_DatabaseHost:?}"
database_name="${SSM_DatabaseName:?}"
repository="${SSM_AppRepositoryUrl:?}"
ref="${SSM_AppRef:?}"
domain="${SSM_DomainName?}"
email="${SSM_AcmeEmail?}"
directory_url="${SSM_AcmeDirectoryUrl:?}"
cidrs="${SSM_IpAllowlist?}"

state=/var/lib/flask-ops

write_environment() {
  put_file 640 root:flask-app /etc/flask-app.env <<END
# Settings of the Flask application. The password is not here: the application fetches the secret itself.
AWS_REGION=$AWS_DEFAULT_REGION
# Asked once, for one second, the instance's metadata service would be the reason of errors when the host is busy.
AWS_METADATA_SERVICE_TIMEOUT=2
AWS_METADATA_SERVICE_NUM_ATTEMPTS=3
DATABASE_SECRET_ARN=$secret_arn
DATABASE_HOST=$database_host
DATABASE_PORT=3306
DATABASE_NAME=$database_name
DATABASE_TLS=required
END
}

install_service() {
  local deploy="$app_root/current/app/deploy" file restart=no
  if changed; then restart=yes; fi
  forget_changes
  mkdir -p "$app_root/bin"
  put_file 755 root:root "$app_root/bin/serve" <"$deploy/serve"
  for file in flask-app.socket flask-app.service; do
    put_file 644 root:root "/etc/systemd/system/$file" <"$deploy/$file"
  done
  if changed; then
    systemctl daemon-reload
    restart=yes
  fi
  systemctl enable -q flask-app.socket flask-app.service
  systemctl start flask-app.socket
  if [ "$restart" = yes ]; then
    systemctl restart flask-app.service
  else
    systemctl start flask-app.service
  fi
}

hold_lock web 300
install_packages nginx certbot git python3-venv curl ca-certificates
id -u flask-app >/dev/null 2>&1 || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin flask-app
mkdir -p "$state" "$app_root/releases"
forget_changes
write_environment

# A host that serves a release keeps it: which one that is, is the business of the deployment runbooks.
if [ -z "$(current_release)" ]; then
  build_release "$repository" "$ref"
  check_release "$release" || fail "release $release does not load (its last lines are above)"
  switch_release "$release"
fi
install_service

forget_changes
# The list of the parameter is applied when the parameter changes; in between the list is the runbook's.
if [ ! -e /etc/nginx/ip-allowlist.conf ] || [ "$(cat "$state/allowlist" 2>/dev/null)" != "$cidrs" ]; then
  allowlist "$cidrs" | put_file 644 root:root /etc/nginx/ip-allowlist.conf
  touch "$work_folder/changed"
  printf '%s' "$cidrs" >"$state/allowlist"
fi
install_site "$domain"

certificate=none
if [ -n "$domain" ] && [ -n "$email" ]; then
  if [ "$scheme" = https ]; then
    certificate=present
  elif request_certificate "$domain" "$email" "$directory_url" --keep-until-expiring; then
    certificate=issued
    install_site "$domain"
  else
    # The name may not point here yet. The rest works without, and the next application of this document tries again.
    log "no certificate for $domain yet (certbot's last lines are in the error output): serving HTTP until there is one"
    certificate=pending
  fi
fi

wait_for /livez '"status":"ok"' 30 || fail "the application does not answer: look at journalctl -u flask-app"
[ -e "$app_root/proven" ] || record_release "$(current_release)"
log "release $(current_release) is served over $scheme"
result release "$(current_release)" scheme "$scheme" certificate "$certificate"
