#!/bin/sh
# SPDX-License-Identifier: MIT
# Our rules beside prometheus-adapter's own: the same configurations must make the same queries. Go
# builds the original, once.
set -eu
command -v go >/dev/null || { echo "rules: needs Go 1.26 or later in PATH" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
adapter=$root/build/prometheus-adapter/adapter

mkdir -p "$(dirname "$adapter")"
(cd "$root/tests/e2e/rules" &&
    CGO_ENABLED=0 nice go build -o "$adapter" sigs.k8s.io/prometheus-adapter/cmd/adapter)
SWELL_PROMETHEUS_ADAPTER=$adapter PYTHONPATH=$root/tests/process PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/rules.py" -v
