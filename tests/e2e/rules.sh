#!/bin/sh
# SPDX-License-Identifier: MIT
# Our rules beside prometheus-adapter's own: the same configurations must make the same queries. Go
# builds the original, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
SWELL_PROMETHEUS_ADAPTER=$("$root/tests/e2e/rules/build.sh")
export SWELL_PROMETHEUS_ADAPTER
PYTHONPATH=$root/tests/process PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/rules.py" -v
