#!/bin/sh
# SPDX-License-Identifier: MIT
# base/demo and base/adapter on a real cluster, watched by a real Prometheus with kube-state-metrics and
# the kubelet's cAdvisor. Go builds kube-state-metrics, once; the cluster needs root.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"
export PYTHONDONTWRITEBYTECODE=1

need_cluster
need_go_module series
need_go_module manifests
need_images
KUBE_STATE_METRICS=$(build_go_module series k8s.io/kube-state-metrics/v2)
export KUBE_STATE_METRICS
"$root/swell" cluster up --quick
trap '"$root/swell" cluster down' EXIT
"$root/swell" cluster load "$images"/swell-*.tar
"$root/swell" cluster exec env PYTHONPATH="$root/tests/process" \
    /usr/bin/python3 "$root/tests/e2e/monitoring.py" -v "$@"
