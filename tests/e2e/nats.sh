#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter in front of a real nats-server with JetStream, alone and in a cluster. Go builds that, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"

need_go_module nats
SWELL_NATS_SERVER=$(build_go_module nats github.com/nats-io/nats-server/v2)
export SWELL_NATS_SERVER PYTHONPATH="$root/tests/process" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$root/tests/e2e/nats.py" -v "$@"
