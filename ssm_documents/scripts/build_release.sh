#!/bin/bash
set -euo pipefail

repository="${SSM_AppRepositoryUrl:?this document needs SSM agent 3.3.2746.0 or later: update it, then run this again}"
ref="${SSM_AppRef:?}"

hold_lock web 300
build_release "$repository" "$ref"
result release "$release" ref "$ref"
