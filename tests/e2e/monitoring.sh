#!/bin/sh
# SPDX-License-Identifier: MIT
# base/demo and base/adapter on a real cluster, watched by a real Prometheus with kube-state-metrics and
# the kubelet's cAdvisor. Go builds kube-state-metrics, once; the cluster needs root.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
programs=$root/build/kube-state-metrics
export PYTHONDONTWRITEBYTECODE=1

mkdir -p "$programs"
(cd "$root/tests/e2e/series" && CGO_ENABLED=0 go build -o "$programs" k8s.io/kube-state-metrics/v2)
(cd "$root/tests/e2e/manifests" && go mod download)
images=${SWELL_IMAGES:-$root/build/images}
[ -n "${SWELL_IMAGES:-}" ] || "$root/swell" image all --out "$images"
"$root/swell" cluster up --quick
trap '"$root/swell" cluster down' EXIT
"$root/swell" cluster load "$images"/swell-*.tar
"$root/swell" cluster exec env KUBE_STATE_METRICS="$programs/kube-state-metrics" \
    PYTHONPATH="$root/tests/process" /usr/bin/python3 "$root/tests/e2e/monitoring.py" -v "$@"
