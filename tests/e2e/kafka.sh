#!/bin/sh
# SPDX-License-Identifier: MIT
# Workers, and the adapter, on a real Kafka broker. Its jars come from Maven Central, once.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"
jars=$root/build/kafka

if [ ! -f "$jars/complete" ]; then
    mvn -q -B -f "$root/tests/e2e/kafka/pom.xml" dependency:copy-dependencies \
        -DoutputDirectory="$jars" || cannot_run "Kafka's jars did not come from Maven Central"
    touch "$jars/complete"
fi
export SWELL_KAFKA_JARS="$jars" PYTHONPATH="$root/tests/process" PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 "$root/tests/e2e/kafka.py" -v
/usr/bin/python3 "$root/tests/e2e/kafka_adapter.py" -v
/usr/bin/python3 "$root/tests/e2e/kafka_secure.py" -v
