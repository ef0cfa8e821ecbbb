#!/bin/sh
# SPDX-License-Identifier: MIT
# Follows the lab sheets on a real cluster: the one of KUBECONFIG, or one started for it. That one has
# two CPUs, whatever the machine has, so that ten pods of php-apache do not fit.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"
export PYTHONDONTWRITEBYTECODE=1

if [ -n "${KUBECONFIG:-}" ]; then
    exec /usr/bin/python3 "$root/tests/e2e/sheets.py" --patience 3 "$@"
fi
need_cluster
need_images
"$root/swell" cluster up --quick --cpus 2
trap '"$root/swell" cluster down' EXIT
"$root/swell" cluster load "$images"/swell-*.tar
"$root/swell" cluster exec /usr/bin/python3 "$root/tests/e2e/sheets.py" --patience 3 "$@"
