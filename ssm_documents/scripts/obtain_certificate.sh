#!/bin/bash
set -euo pipefail

domain="${SSM_DomainName:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
email="${SSM_AcmeEmail:?}"
directory_url="${SSM_AcmeDirectoryUrl:?}"
mode="${SSM_Mode:?}"
threshold="${SSM_RenewBelowPercent:?}"

hold_lock web 300
[ -n "$(current_release)" ] || fail "no release is installed: run FlaskOps-BootstrapStack first"
file="$(certificate_folder "$domain")/fullchain.pem"
left=0
if [ -s "$file" ]; then left=$(lifetime_left "$file"); fi

case $mode in
  dry-run)
    request_certificate "$domain" "$email" "$directory_url" --dry-run ||
      fail "the certificate authority would not issue one (certbot's last lines are above): FlaskOps-TroubleshootCertificate"
    result domain "$domain" mode dry-run issued no percent_left "$left"
    exit 0
    ;;
  issue) needed=$([ "$left" -eq 0 ] && echo yes || echo no) ;;
  renew)
    [ -s "$file" ] || fail "there is no certificate for $domain to renew: run FlaskOps-IssueCertificate"
    needed=$([ "$left" -lt "$threshold" ] && echo yes || echo no)
    ;;
  force) needed=yes ;;
  *) fail "unknown mode $mode" ;;
esac

if [ "$needed" = yes ]; then
  request_certificate "$domain" "$email" "$directory_url" --force-renewal ||
    fail "the certificate authority issued none (certbot's last lines are above): FlaskOps-TroubleshootCertificate"
  left=$(lifetime_left "$file")
else
  log "the certificate has $left % of its lifetime left: not asking for another"
fi
install_site "$domain"
prove_certificate "$domain"
result domain "$domain" mode "$mode" issued "$needed" percent_left "$left"
