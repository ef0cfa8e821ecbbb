#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter in front of a real nats-server with JetStream, alone and in a cluster. Go builds that, once.
set -eu
command -v go >/dev/null || { echo "nats: needs Go 1.26 or later in PATH" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
server=$root/build/nats-server

(cd "$root/tests/e2e/nats" && CGO_ENABLED=0 nice go build -o "$server" github.com/nats-io/nats-server/v2)
SWELL_NATS_SERVER=$server PYTHONPATH=$root/tests/process PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/nats.py" -v "$@"
