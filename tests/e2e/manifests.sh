#!/bin/sh
# SPDX-License-Identifier: MIT
# Every base and overlay on a real API server. Go builds that, once; root is not needed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

(cd "$here/manifests" && go mod download)
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/manifests.py" -v "$@"
