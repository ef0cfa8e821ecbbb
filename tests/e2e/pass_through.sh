#!/bin/sh
# SPDX-License-Identifier: MIT
# Two adapters side by side under a real HPA controller: ours, and behind it prometheus-adapter, which
# Go builds once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_cluster --control-plane-only
need_go ./e2e/prometheus-adapter
SWELL_PROMETHEUS_ADAPTER=$(build_program prometheus-adapter)
export SWELL_PROMETHEUS_ADAPTER PYTHONPATH="$root/tests/process:$root/tests/e2e" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$root/tests/e2e/pass_through.py" -v "$@"
