#!/bin/sh
# SPDX-License-Identifier: MIT
# What a real HPA controller makes of the adapter's values: numbers, failing sources, an adapter that
# is killed, and a thousand HPAs.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_cluster --control-plane-only
export PYTHONPATH="$root/tests/process:$root/tests/e2e" PYTHONDONTWRITEBYTECODE=1
[ $# -gt 0 ] || set -- adapter_hpa adapter_faults adapter_outage adapter_apis adapter_many
exec /usr/bin/python3 -m unittest -v "$@"
