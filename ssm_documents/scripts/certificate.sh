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

served_fingerprint() {
  timeout 10 openssl s_client -connect 127.0.0.1:443 -servername "$1" </dev/null 2>/dev/null |
    openssl x509 -noout -fingerprint -sha256 2>/dev/null || true
}

# prove_certificate DOMAIN: nginx serves the newest certificate, and a client that checks it accepts it.
prove_certificate() {
  local wanted got="" answer
  wanted=$(openssl x509 -in "/etc/letsencrypt/live/$1/fullchain.pem" -noout -fingerprint -sha256)
  for _ in $(seq 20); do
    got=$(served_fingerprint "$1")
    [ "$got" = "$wanted" ] && break
    sleep 0.5
  done
  [ "$got" = "$wanted" ] || fail "nginx does not serve the newest certificate of $1: run FlaskOps-RestartNginx"
  answer=$(curl -sS --max-time 10 --resolve "$1:443:127.0.0.1" -o /dev/null -w '%{http_code}' "https://$1/livez" 2>&1) ||
    fail "a client does not accept the certificate of $1: $answer"
}
