#!/bin/sh
# SPDX-License-Identifier: MIT
# Our rules beside prometheus-adapter's own: the same configurations must make the same queries. Go
# builds the original, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_go ./e2e/prometheus-adapter
SWELL_PROMETHEUS_ADAPTER=$(build_program prometheus-adapter)
export SWELL_PROMETHEUS_ADAPTER PYTHONPATH="$root/tests/process" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$root/tests/e2e/rules.py" -v
