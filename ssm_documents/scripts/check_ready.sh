#!/bin/bash
set -euo pipefail

seconds="${SSM_Seconds:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"

started=$SECONDS
wait_for /readyz '"status":"ok"' "$seconds" ||
  fail "the application is not ready after $seconds s: run FlaskOps-TroubleshootHttp or FlaskOps-TroubleshootDatabase"
result ready yes release "$(served_release)" seconds "$((SECONDS - started))"
