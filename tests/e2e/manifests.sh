#!/bin/sh
# SPDX-License-Identifier: MIT
# Every base and overlay on a real API server. Go builds that, once; root is not needed.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_cluster --control-plane-only
need_go_module manifests
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$root/tests/e2e/manifests.py" -v "$@"
