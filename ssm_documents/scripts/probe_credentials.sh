#!/bin/bash
set -euo pipefail

stage="${SSM_Stage:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
expected="${SSM_Expect:?}"

answer=$(as_application venv/bin/python -m flask_app.probe --stage "$stage" 2>&1 | tail -n 1) || true
case $answer in
  "ok "*) got=accepted ;;
  # 1045 is the server's refusal. Anything else (a closed port, a missing secret) says nothing about the password.
  *" 1045") got=refused ;;
  *) fail "the login with $stage could not be tried: $answer" ;;
esac
[ "$got" = "$expected" ] || fail "the login with $stage was $got, and had to be $expected: $answer"
result stage "$stage" login "$got"
