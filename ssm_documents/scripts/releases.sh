#!/bin/bash
set -euo pipefail

# Releases of the application: /opt/flask-app/releases/<commit>/{app,db,venv}, complete once the file COMPLETE is there;
# /opt/flask-app/current is a link that is switched atomically.

app_root=/opt/flask-app
socket=/run/flask-app.sock

current_release() { basename "$(readlink -e "$app_root/current" 2>/dev/null || true)"; }

# fetch_commit URL REF: brings the ref into the host's repository and prints its commit.
fetch_commit() {
  local repository="$app_root/repository.git" name
  [ -d "$repository" ] || git init -q --bare "$repository"
  # A server that knows neither shallow fetches nor fetches of a bare commit gets asked for everything.
  if timeout 120 git -C "$repository" fetch -q --no-tags --depth 1 -- "$1" "$2" 2>"$work_folder/git.log"; then
    git -C "$repository" rev-parse -q --verify 'FETCH_HEAD^{commit}'
    return
  fi
  timeout 300 git -C "$repository" fetch -q --prune -- "$1" '+refs/heads/*:refs/heads/*' '+refs/tags/*:refs/tags/*' \
    2>>"$work_folder/git.log" || {
    tail -n 5 "$work_folder/git.log" >&2
    return 1
  }
  for name in "refs/tags/$2" "refs/heads/$2" "$2"; do
    if git -C "$repository" rev-parse -q --verify "$name^{commit}"; then return 0; fi
  done
  return 1
}

# build_release URL REF: sets $release to the identifier (12 characters of the commit) of a complete release directory.
build_release() {
  local commit folder pip
  commit=$(fetch_commit "$1" "$2") || fail "no ref '$2' can be fetched from $1: check both, and the host's route out"
  release=${commit:0:12}
  folder="$app_root/releases/$release"
  if [ -e "$folder/COMPLETE" ]; then
    log "release $release is there already"
    return 0
  fi
  log "building release $release"
  rm -rf "$folder"
  mkdir -p "$folder"
  git -C "$app_root/repository.git" archive "$commit" webapp db 2>"$work_folder/git.log" | tar -x -C "$folder" ||
    fail "commit $release of $1 has no folders webapp and db at its top"
  mv "$folder/webapp" "$folder/app"
  printf '%s\n' "$release" >"$folder/app/RELEASE"
  # pip runs from the wheel that python3-venv has for new environments: a release serves without one of its own, and
  # installing that takes half as long as all of the requirements.
  pip=$(compgen -G '/usr/share/python-wheels/pip-*.whl' | head -n 1) ||
    fail "there is no pip in /usr/share/python-wheels: install the package python3-pip-whl"
  # At the lowest priority: requests are served meanwhile, on a host that may have one processor.
  nice -n 19 python3 -m venv --without-pip "$folder/venv"
  # Wheels only: a host has no compiler, and an installation must not run a package's own build code as root.
  PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore nice -n 19 "$folder/venv/bin/python" "$pip/pip" install -q \
    --no-input --no-compile --only-binary :all: -r "$folder/app/requirements.txt" >"$work_folder/pip.log" 2>&1 || {
    tail -n 20 "$work_folder/pip.log" >&2
    fail "the requirements of release $release cannot be installed (pip's last lines are above)"
  }
  # On all processors, which pip does not use. A package may hold files that are not for this Python; nothing loads them.
  nice -n 19 "$folder/venv/bin/python" -m compileall -qq -j 0 "$folder/venv/lib" || true
  nice -n 19 "$folder/venv/bin/python" -m compileall -q "$folder/app"
  touch "$folder/COMPLETE"
}

# check_release ID: loads the release as the service would, without serving; the running one is not touched.
check_release() {
  local folder="$app_root/releases/$1"
  timeout 60 systemd-run --quiet --wait --pipe --collect --uid=flask-app --gid=flask-app \
    -p EnvironmentFile=/etc/flask-app.env -p WorkingDirectory="$folder/app" \
    "$folder/venv/bin/gunicorn" --check-config --config "$folder/app/gunicorn.conf.py" flask_app.wsgi:application \
    >"$work_folder/check.log" 2>&1 || {
    tail -n 5 "$work_folder/check.log" >&2
    return 1
  }
}

# switch_release ID: from here on a (re)start serves that release.
switch_release() {
  ln -sfn "releases/$1" "$app_root/current.new"
  mv -T "$app_root/current.new" "$app_root/current"
}

# ask PATH: the application's answer over its own socket, past nginx. Prints `CODE BODY`.
ask() {
  curl -s --max-time 10 --unix-socket "$socket" -o "$work_folder/answer" -w '%{http_code}' "http://localhost$1" || true
  printf ' '
  cat "$work_folder/answer" 2>/dev/null || true
}

# wait_for PATH TEXT SECONDS [UNIT]: until the answer is 200 and holds TEXT, several times in a row, since each worker has
# its say. Gives up early when UNIT does not run any more.
wait_for() {
  local started=$SECONDS good=0 answer=""
  # Compared and not added: bash evaluates what it adds, and the number may be somebody's parameter.
  while [ $((SECONDS - started)) -lt "$3" ]; do
    answer=$(ask "$1")
    if [[ $answer == "200 "* && $answer == *"$2"* ]]; then
      good=$((good + 1))
      [ "$good" -ge 8 ] && return 0
    else
      good=0
      if [ -n "${4:-}" ] && ! systemctl is-active -q "$4"; then break; fi
      sleep 0.3
    fi
  done
  printf 'the last answer of %s was: %.300s\n' "$1" "$answer" >&2
  return 1
}

# as_application PROGRAM [ARGUMENT…]: runs a program of the current release with the service's user and environment.
as_application() {
  local folder program=$1
  folder=$(readlink -e "$app_root/current") || fail "no release is installed: run FlaskOps-BootstrapStack first"
  shift
  timeout 120 systemd-run --quiet --wait --pipe --collect --uid=flask-app --gid=flask-app \
    -p EnvironmentFile=/etc/flask-app.env -p WorkingDirectory="$folder/app" "$folder/$program" "$@"
}

# try_release ID: starts the release beside the running one, on a socket of its own, and waits until it is ready there.
try_release() {
  local folder="$app_root/releases/$1" socket=/run/flask-app-trial/socket outcome=0
  systemctl stop flask-app-trial.service 2>/dev/null || true
  systemd-run --quiet --collect --unit=flask-app-trial --uid=flask-app --gid=flask-app -p RuntimeMaxSec=120 \
    -p RuntimeDirectory=flask-app-trial -p EnvironmentFile=/etc/flask-app.env -p WorkingDirectory="$folder/app" \
    "$folder/venv/bin/gunicorn" --config "$folder/app/gunicorn.conf.py" --bind "unix:$socket" --workers 1 \
    flask_app.wsgi:application
  wait_for /readyz "\"release\":\"$1\"" 30 flask-app-trial.service || outcome=1
  if [ "$outcome" -ne 0 ]; then
    journalctl --unit flask-app-trial.service --since -1min --no-pager --output cat | tail -n 8 >&2
  fi
  systemctl stop flask-app-trial.service 2>/dev/null || true
  return "$outcome"
}

# serve_release ID: switches, restarts behind the socket, and waits until the release, and no other, is ready.
serve_release() {
  switch_release "$1"
  systemctl reset-failed flask-app.service 2>/dev/null || true
  systemctl restart flask-app.service && wait_for /readyz "\"release\":\"$1\"" 45
}

served_release() { ask /readyz | sed -n 's/.*"release":"\([^"]*\)".*/\1/p'; }

proven_release() { cat "$app_root/proven" 2>/dev/null || true; }

# record_release ID: it served; `deployed` lists releases in the order in which they last became the newest.
record_release() {
  printf '%s\n' "$1" >"$app_root/proven.new"
  mv "$app_root/proven.new" "$app_root/proven"
  { grep -vxF "$1" "$app_root/deployed" 2>/dev/null || true; printf '%s\n' "$1"; } >"$app_root/deployed.new"
  mv "$app_root/deployed.new" "$app_root/deployed"
}

# prune_releases COUNT: keeps the newest that were deployed, whichever serves, and whichever served last.
prune_releases() {
  local folder name
  for folder in "$app_root"/releases/*/; do
    name=$(basename "$folder")
    if [ "$name" = "$(current_release)" ] || [ "$name" = "$(proven_release)" ]; then continue; fi
    if tail -n "$1" "$app_root/deployed" | grep -qxF "$name"; then continue; fi
    log "removing the old release $name"
    rm -rf "$folder"
  done
}
