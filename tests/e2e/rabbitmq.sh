#!/bin/sh
# SPDX-License-Identifier: MIT
# The adapter in front of a real RabbitMQ.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
PYTHONPATH=$root/tests/process PYTHONDONTWRITEBYTECODE=1 \
    exec /usr/bin/python3 "$root/tests/e2e/rabbitmq.py" -v
