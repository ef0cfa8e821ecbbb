#!/bin/sh
# SPDX-License-Identifier: MIT
# The lab's series of objects beside those of kube-state-metrics. Go builds that, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_cluster --control-plane-only
need_go_module series
KUBE_STATE_METRICS=$(build_go_module series k8s.io/kube-state-metrics/v2)
export KUBE_STATE_METRICS PYTHONPATH="$root/tests/process" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$root/tests/e2e/series.py" -v "$@"
