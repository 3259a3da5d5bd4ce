#!/bin/bash
set -euo pipefail

domain="${SSM_DomainName?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
database_host="${SSM_DatabaseHost:?}"
directory_url="${SSM_AcmeDirectoryUrl:?}"

# Facts about the web host, each short, none changing anything; what they mean is decided elsewhere.

unit_state() { systemctl is-active "$1" 2>/dev/null || true; }

# first_line LENGTH: one line without control characters.
first_line() { head -n 1 | tr -d '\000-\037' | cut -c "1-$1"; }

http_code() { curl -s -k --max-time 8 -o /dev/null -w '%{http_code}' "$@" 2>/dev/null || true; }

port_state() {
  local code=0
  # shellcheck disable=SC2016 # the inner shell's own arguments: no value becomes part of a program
  timeout 4 bash -c ': <"/dev/tcp/$1/$2"' port "$1" "$2" 2>/dev/null || code=$?
  case $code in 0) echo open ;; 124) echo silent ;; *) echo refused ;; esac
}

certificate_facts() {
  local file
  file="$(certificate_folder "$domain")/fullchain.pem"
  if [ -z "$domain" ] || [ ! -s "$file" ]; then
    facts+=(certificate none)
    return 0
  fi
  facts+=(certificate present certificate_percent_left "$(lifetime_left "$file")")
  facts+=(certificate_name "$(openssl x509 -in "$file" -noout -checkhost "$domain" | grep -c 'does match' || true)")
  facts+=(certificate_until "$(openssl x509 -in "$file" -noout -enddate | cut -d= -f2)")
  if [ "$(served_fingerprint "$domain")" = "$(openssl x509 -in "$file" -noout -fingerprint -sha256)" ]; then
    facts+=(certificate_served newest)
  else
    facts+=(certificate_served "$(served_fingerprint "$domain" | grep -q . && echo another || echo none)")
  fi
}

facts=(nginx "$(unit_state nginx)")
facts+=(nginx_test "$({ nginx -t 2>&1 >/dev/null || true; } | grep -E 'emerg|error' | first_line 160 || true)")
facts+=(application "$(unit_state flask-app.service)" socket "$(unit_state flask-app.socket)")
facts+=(release "$(current_release)")
facts+=(application_error "$(journalctl -u flask-app -n 60 --no-pager -o cat 2>/dev/null |
  grep -E '^[A-Za-z]*Error|\[ERROR\]' | tail -n 1 | first_line 160 || true)")
facts+=(livez "$(ask /livez | cut -c 1-3)")
ready=$(ask /readyz)
facts+=(readyz "${ready:0:3}" readyz_database "$(sed -n 's/.*"database":"\([^"]*\)".*/\1/p' <<<"$ready" | first_line 160)")
facts+=(page "$(http_code --resolve "${domain:-localhost}:443:127.0.0.1" "http${domain:+s}://${domain:-localhost}/")")
facts+=(allowlist "$(grep -c '^allow' /etc/nginx/ip-allowlist.conf 2>/dev/null || true)")
facts+=(disk_percent "$(df --output=pcent / | tail -n 1 | tr -dc 0-9)")
facts+=(inodes_percent "$(df --output=ipcent / | tail -n 1 | tr -dc 0-9)")
facts+=(memory_free_mib "$(awk '/MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)")
facts+=(database_port "$(port_state "$database_host" 3306)")
facts+=(default_route "$(ip route show default | grep -c default || true)")
if [ -n "$domain" ]; then
  facts+=(resolves_to "$(getent ahostsv4 "$domain" | awk '{print $1}' | sort -u | paste -sd' ' - || true)")
  facts+=(acme_directory "$(http_code "$directory_url")")
  facts+=(renewal_timer "$(unit_state certbot.timer)")
fi
certificate_facts
result "${facts[@]}"
