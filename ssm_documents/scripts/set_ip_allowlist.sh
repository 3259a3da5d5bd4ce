#!/bin/bash
set -euo pipefail

networks="${SSM_IpAllowlist?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
file=/etc/nginx/ip-allowlist.conf

hold_lock web 120
[ -e /etc/nginx/sites-enabled/flask-app ] || fail "the site is not installed: run FlaskOps-BootstrapStack first"
cp -a "$file" "$work_folder/former"
forget_changes
allowlist "$networks" | put_file 644 root:root "$file"
changed_it=no
if changed; then
  changed_it=yes
  if ! reload_nginx; then
    cp -a "$work_folder/former" "$file"
    fail "nginx refuses the list (its own words are above); the former list is in force"
  fi
fi
result changed "$changed_it" rules "$(grep -c '^allow\|^deny' "$file" || true)"
