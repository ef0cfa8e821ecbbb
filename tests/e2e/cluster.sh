#!/bin/sh
# SPDX-License-Identifier: MIT
# Starts, uses, stops and kills real clusters as a user does, and looks for what is left of them.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_cluster
cd "$root/tests/e2e"
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m unittest -v cluster.test_cgroups \
    cluster.test_controlplane cluster.test_node "$@"
