#!/bin/bash
set -euo pipefail

: "${AWS_SSM_INSTANCE_ID:?this script is meant to be run by the SSM agent}"

hold_lock drill 60
found=$([ -e "$drill/undo" ] && echo yes || echo no)
recover
[ ! -e "$drill" ] || fail "the fault could not be undone completely: see $drill/undo on the host"
result recovered "$found"
