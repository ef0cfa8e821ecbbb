#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter finds pods by a real kube-apiserver, with the rights of its manifests, and asks each.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_cluster --control-plane-only
PYTHONPATH=$root/tests/process:$root/tests/e2e PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/adapter_pods.py" -v "$@"
