#!/bin/sh
# SPDX-License-Identifier: MIT
# Two adapters side by side under a real HPA controller: ours, and behind it prometheus-adapter, which
# Go builds once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
SWELL_PROMETHEUS_ADAPTER=$("$root/tests/e2e/rules/build.sh")
export SWELL_PROMETHEUS_ADAPTER
PYTHONPATH=$root/tests/process:$root/tests/e2e PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/pass_through.py" -v "$@"
