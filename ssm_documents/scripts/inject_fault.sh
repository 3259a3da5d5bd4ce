#!/bin/bash
set -euo pipefail

fault="${SSM_Fault:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
seconds="${SSM_UndoAfterSeconds:?}"

# mark_moment: from now on it is broken; how soon that is noticed is counted from here.
mark_moment() { broken_at=$(date -u +%Y-%m-%dT%H:%M:%S+00:00); }

database_unit() {
  local unit
  for unit in mysql mariadb; do
    if systemctl is-active -q "$unit.service"; then
      printf '%s' "$unit"
      return 0
    fi
  done
  fail "no database server runs on this host, so there is nothing to stop"
}

database_outage() {
  local unit
  unit=$(database_unit)
  printf 'systemctl start %s.service\n' "$unit" | write_undo
  arm "$seconds"
  mark_moment
  timeout 120 systemctl stop "$unit.service"
}

network_isolation() {
  command -v nft >/dev/null || install_packages nftables
  # A table of its own: no rule of anybody else is touched, and what goes out (the agent's channel) stays open.
  printf 'nft delete table inet flask_ops_drill\n' | write_undo
  arm "$seconds"
  mark_moment
  nft -f - <<'END'
table inet flask_ops_drill {
  chain input {
    type filter hook input priority -50; policy accept;
    tcp dport 3306 counter drop
  }
}
END
}

expired_certificate() {
  local settings=/etc/nginx/flask-app-certificate.conf
  [ -e "$settings" ] || fail "this host serves no certificate: run FlaskOps-IssueCertificate first"
  # The settings are covered by a mount, never edited, and the directory of certbot's certificates is not touched at all.
  printf 'umount %s\nnginx -t -q && systemctl reload nginx\n' "$settings" | write_undo
  arm "$seconds"
  make_expired_certificate
  printf 'ssl_certificate %s/expired.pem;\nssl_certificate_key %s/expired.key;\n' "$drill" "$drill" >"$drill/settings.conf"
  mount --bind "$drill/settings.conf" "$settings"
  nginx -t 2>"$work_folder/nginx.log" || {
    recover
    fail "nginx refuses the expired certificate: $(tail -n 1 "$work_folder/nginx.log")"
  }
  systemctl reload nginx
  mark_moment # a reload drains first: clients see the certificate from here on
}

# `openssl ca` is the one command that takes dates in the past in every version.
make_expired_certificate() {
  mkdir -p "$drill/ca"
  : >"$drill/ca/index"
  cat >"$drill/ca/settings" <<END
[ca]
default_ca = drill
[drill]
database = $drill/ca/index
new_certs_dir = $drill/ca
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
END
  openssl req -new -newkey rsa:2048 -nodes -keyout "$drill/expired.key" -out "$drill/expired.csr" \
    -subj "/CN=expired.invalid" 2>/dev/null
  openssl ca -batch -selfsign -config "$drill/ca/settings" -in "$drill/expired.csr" -keyfile "$drill/expired.key" \
    -startdate 20200101000000Z -enddate 20200102000000Z -notext -out "$drill/expired.pem" 2>"$work_folder/ca.log" ||
    fail "no expired certificate could be made: $(tail -n 1 "$work_folder/ca.log")"
}

hold_lock drill 60
# What an earlier drill left is undone first, so that two never overlap.
recover
case $fault in
  database-outage) database_outage ;;
  network-isolation) network_isolation ;;
  expired-certificate) expired_certificate ;;
  *) fail "unknown fault $fault" ;;
esac
result fault "$fault" injected yes broken_at "$broken_at" undo_after_seconds "$seconds"
