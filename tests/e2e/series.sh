#!/bin/sh
# SPDX-License-Identifier: MIT
# The lab's series of objects beside those of kube-state-metrics. Go builds that, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"
programs=$root/build/kube-state-metrics

need_cluster --control-plane-only
cd "$root/tests/e2e/series"
go mod download || cannot_run "Go cannot download kube-state-metrics; see above"
mkdir -p "$programs"
CGO_ENABLED=0 nice go build -o "$programs" k8s.io/kube-state-metrics/v2
cd "$root"
KUBE_STATE_METRICS=$programs/kube-state-metrics PYTHONPATH=$root/tests/process PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/series.py" -v "$@"
