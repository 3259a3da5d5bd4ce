#!/bin/bash
set -euo pipefail

# What every script of the library starts with: settings of the process, messages, a lock, helper programs in files, and
# the one line of JSON that a script ends with.

umask 022
export HOME="${HOME:-/root}" LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
# A busy host's credentials can be slow in coming; boto3 by itself asks for them once and waits one second.
export AWS_METADATA_SERVICE_TIMEOUT=5 AWS_METADATA_SERVICE_NUM_ATTEMPTS=4
# boto3 on the host takes its Region from here. The agent sets the first; older agents know none of ENV_VAR either.
export AWS_DEFAULT_REGION="${AWS_SSM_REGION_NAME:?this script is meant to be run by the SSM agent (no Region is set)}"

work_folder=$(mktemp -d /run/flask-ops.XXXXXXXX)
trap 'rm -rf "$work_folder"' EXIT

log() { printf '%s\n' "$*"; }

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# hold_lock NAME SECONDS: one run at a time on this host; ends with the process.
hold_lock() {
  exec 9>"/run/lock/flask-ops-$1.lock"
  flock -w "$2" 9 || fail "another run holds the lock '$1' since more than $2 s: wait for it, then run this again"
}

# helper NAME <<'END': puts a helper program into the work folder.
helper() { cat >"$work_folder/$1"; }

# run_helper NAME [ARGUMENT…]: runs it with the system's Python, which has boto3. Of a traceback the last line tells why.
run_helper() {
  local name=$1
  shift
  /usr/bin/python3 -I "$work_folder/$name" "$@" 2>"$work_folder/$name.err" || {
    tail -n 1 "$work_folder/$name.err" >&2
    return 1
  }
}

# put_file MODE OWNER PATH: writes standard input to PATH atomically; `changed` tells afterwards whether it differed.
put_file() {
  local new="$3.flask-ops.new"
  cat >"$new"
  chmod "$1" "$new"
  chown "$2" "$new"
  if cmp -s "$new" "$3"; then
    rm -f "$new"
  else
    mv -f "$new" "$3"
    touch "$work_folder/changed"
  fi
}

# A marker in a file, since put_file often stands at the end of a pipe and there cannot set a variable.
forget_changes() { rm -f "$work_folder/changed"; }
changed() { [ -e "$work_folder/changed" ]; }

# apt_get ARGUMENT…: waits for a package manager at work (right after the launch: the image's own). DPkg::Lock::Timeout does so
# for dpkg's lock alone; of the lists' lock, apt-get update says at once that it could not get it.
apt_get() {
  local until=$((SECONDS + 300))
  while ! apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" >"$work_folder/apt.last" 2>&1; do
    cat "$work_folder/apt.last" >>"$work_folder/apt.log"
    if [ "$SECONDS" -ge "$until" ] || ! grep -q 'Could not get lock' "$work_folder/apt.last"; then return 1; fi
    sleep 3
  done
  cat "$work_folder/apt.last" >>"$work_folder/apt.log"
}

# try_packages NAME…: one transaction, and none at all when everything is there. Where it fails, it says what apt-get said.
try_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  log "installing ${missing[*]}"
  # What was broken off (a reboot, a killed run) is finished first; apt-get refuses everything until it is.
  dpkg --force-confdef --force-confold --configure -a >"$work_folder/apt.log" 2>&1 || true
  if apt_get update &&
    apt_get -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -y --no-install-recommends install "${missing[@]}"; then
    return 0
  fi
  tail -n 40 "$work_folder/apt.log" >&2
  return 1
}

install_packages() {
  try_packages "$@" ||
    fail "apt-get could not install $* (its last lines are above): check the host's route out and its disk"
}

# result NAME VALUE…: the last line of every script, one compact JSON object of strings.
result() {
  /usr/bin/python3 -I -c 'import json, sys
a = sys.argv[1:]
print(json.dumps(dict(zip(a[::2], a[1::2])), separators=(",", ":")))' "$@"
}
