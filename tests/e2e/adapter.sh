#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter beside a real kube-apiserver: registration, who may read, certificates.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_cluster --control-plane-only
PYTHONPATH=$root/tests/process:$root/tests/e2e PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/adapter.py" -v "$@"
