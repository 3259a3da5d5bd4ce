#!/bin/bash
set -euo pipefail

# The nginx site: which variant is served, the allow-list, and a reload that is tested first.

site_source=/opt/flask-app/current/app/deploy/nginx

# install_reload: a reload of nginx, whoever asks for it (certbot's timer too), drains the connections first and is a
# matter of systemd's: it goes on when the one who asked is gone.
install_reload() {
  put_file 755 root:root /usr/local/sbin/nginx-drain <<'END'
#!/bin/bash
set -euo pipefail
# nginx-drain COMMAND…: lets answers close their connections (the site's configuration looks for the file), so that every
# connection in use has ended properly; then runs the command, and waits until the workers that were there accept no more.
# Three seconds, or until nobody is connected: whoever connects later is told to close at once.
draining=/run/nginx-draining
mapfile -t workers < <(pgrep -P "$(cat /run/nginx.pid)")
trap 'rm -f "$draining"' EXIT
touch "$draining"
for _ in $(seq 30); do
  sleep 0.1
  connected=$(ss --no-header --tcp state established '( sport = :80 or sport = :443 )') || connected=unknown
  [ -n "$connected" ] || break
done
"$@"
for _ in $(seq 100); do
  busy=no
  for worker in "${workers[@]}"; do
    title=$(tr '\0' ' ' 2>/dev/null <"/proc/$worker/cmdline" || true)
    case $title in "" | *"shutting down"*) ;; *) busy=yes ;; esac
  done
  [ "$busy" = yes ] || exit 0
  sleep 0.1
done
END
  mkdir -p /etc/systemd/system/nginx.service.d
  put_file 644 root:root /etc/systemd/system/nginx.service.d/flask-ops.conf <<'END'
[Service]
ExecReload=
ExecReload=/usr/sbin/nginx -t -q
ExecReload=/usr/local/sbin/nginx-drain /usr/sbin/nginx -s reload
END
  [ "$(systemctl show --property NeedDaemonReload --value nginx)" = no ] || systemctl daemon-reload
}

# reload_nginx: only a configuration that nginx itself accepts is loaded.
reload_nginx() {
  nginx -t 2>"$work_folder/nginx.log" || {
    cat "$work_folder/nginx.log" >&2
    return 1
  }
  if systemctl is-active -q nginx; then systemctl reload nginx; else systemctl restart nginx; fi
}

certificate_folder() { printf '/etc/letsencrypt/live/%s' "$1"; }

# install_site DOMAIN: the HTTPS variant when the domain has a certificate, the HTTP variant otherwise. Sets $scheme.
install_site() {
  local file
  scheme=http
  if [ -n "$1" ] && [ -s "$(certificate_folder "$1")/fullchain.pem" ]; then scheme=https; fi
  mkdir -p /var/www/acme /etc/nginx/sites-enabled
  install_reload
  put_file 644 root:root /etc/nginx/nginx.conf <"$site_source/nginx.conf"
  for file in flask-app-proxy.conf flask-app-upstream.conf flask-app-acme.conf; do
    [ -e "$site_source/$file" ] || continue # a release that is older than this document
    put_file 644 root:root "/etc/nginx/$file" <"$site_source/$file"
  done
  if [ "$scheme" = https ]; then
    sed "s/@DOMAIN@/$1/g" "$site_source/flask-app-certificate.conf" |
      put_file 644 root:root /etc/nginx/flask-app-certificate.conf
  fi
  sed "s/@DOMAIN@/$1/g" "$site_source/flask-app-$scheme.conf" |
    put_file 644 root:root /etc/nginx/sites-available/flask-app
  if [ "$(readlink /etc/nginx/sites-enabled/flask-app || true)" != ../sites-available/flask-app ]; then
    ln -sfn ../sites-available/flask-app /etc/nginx/sites-enabled/flask-app
    touch "$work_folder/changed"
  fi
  if [ -e /etc/nginx/sites-enabled/default ]; then
    rm -f /etc/nginx/sites-enabled/default
    touch "$work_folder/changed"
  fi
  if changed || ! systemctl is-active -q nginx; then
    reload_nginx || fail "nginx refuses the site's configuration (its own words are above)"
  fi
}

# allowlist CIDRS: what /etc/nginx/ip-allowlist.conf has to say; CIDRS is comma-separated, empty lets everybody in.
allowlist() {
  local network list
  if [ -z "$1" ]; then
    printf '# Everybody is let in.\n'
    return 0
  fi
  # The host itself is always let in: its own checks go through nginx too.
  printf 'allow 127.0.0.1;\nallow ::1;\n'
  IFS=, read -r -a list <<<"$1"
  for network in "${list[@]}"; do printf 'allow %s;\n' "$network"; done
  printf 'deny all;\n'
}
