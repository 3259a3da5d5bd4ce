#!/bin/bash
set -euo pipefail

# The certificate, through certbot's webroot method: nginx keeps serving while it is issued or renewed.

deploy_hook=/usr/local/sbin/flask-app-certificate-deployed

write_deploy_hook() {
  put_file 755 root:root "$deploy_hook" <<'END'
#!/bin/bash
set -euo pipefail
# Called by certbot when it has a new certificate. nginx loads it only when its configuration holds together.
nginx -t -q
systemctl is-active -q nginx && systemctl reload nginx
exit 0
END
}

# request_certificate DOMAIN EMAIL DIRECTORY_URL [OPTION…]: asks the ACME server; certbot's last lines tell why not.
request_certificate() {
  local domain=$1 email=$2 server=$3
  shift 3
  write_deploy_hook
  timeout 180 certbot certonly --non-interactive --agree-tos --email "$email" --no-eff-email --server "$server" \
    --webroot --webroot-path /var/www/acme --domain "$domain" --cert-name "$domain" --deploy-hook "$deploy_hook" \
    "$@" >"$work_folder/certbot.log" 2>&1 || {
    tail -n 15 "$work_folder/certbot.log" >&2
    return 1
  }
}

# lifetime_left FILE: percent of the certificate's lifetime that is left, 0 once it has expired.
lifetime_left() {
  local from until now
  from=$(date -d "$(openssl x509 -in "$1" -noout -startdate | cut -d= -f2)" +%s)
  until=$(date -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%s)
  now=$(date +%s)
  if [ "$now" -ge "$until" ]; then echo 0; else echo $(((until - now) * 100 / (until - from))); fi
}
