#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds prometheus-adapter once, from its Go module, and says where it is.
set -eu
command -v go >/dev/null || { echo "prometheus-adapter: needs Go 1.26 or later in PATH" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../../.." && pwd)
adapter=$root/build/prometheus-adapter/adapter

mkdir -p "$(dirname "$adapter")"
(cd "$root/tests/e2e/rules" &&
    CGO_ENABLED=0 nice go build -o "$adapter" sigs.k8s.io/prometheus-adapter/cmd/adapter)
echo "$adapter"
