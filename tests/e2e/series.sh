#!/bin/sh
# SPDX-License-Identifier: MIT
# The lab's series of objects beside those of kube-state-metrics. Go builds that, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
programs=$root/build/kube-state-metrics

mkdir -p "$programs"
(cd "$root/tests/e2e/series" && CGO_ENABLED=0 go build -o "$programs" k8s.io/kube-state-metrics/v2)
KUBE_STATE_METRICS=$programs/kube-state-metrics PYTHONPATH=$root/tests/process PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/series.py" -v "$@"
