#!/bin/sh
# SPDX-License-Identifier: MIT
# Compares `swell-lab evaluate` with the real horizontal pod autoscaler (tests/oracle) on fresh random
# scenarios, after making sure that tests/vectors is what the real one says. What they disagree on is
# shrunk, printed, and kept in build/oracle.
#
#   --count N   scenarios (default 2000)
#   --seed N    the seed that a run printed, to play it again (default: a new one)
#   --long      10000 scenarios
set -eu

count=2000
seed=
while [ $# -gt 0 ]; do
    case $1 in
    --count | --seed)
        [ $# -ge 2 ] || { echo "hpa: $1 needs a number" >&2; exit 2; }
        if [ "$1" = --count ]; then count=$2; else seed=$2; fi
        shift
        ;;
    --long) count=10000 ;;
    *) echo "hpa: unknown flag '$1'; known are --count N, --seed N, --long" >&2; exit 2 ;;
    esac
    shift
done
[ -n "$seed" ] || seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')

root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"
need_go ./oracle/...
export CGO_ENABLED=0 # as tests/e2e/cluster/build.py has it: what both need is compiled once
out=$root/build/oracle
mkdir -p "$out"
cd "$root/tests/oracle"
nice go vet ./...
nice go test ./...
nice go build -o "$out/oracle" .
"$out/oracle" expect -check ../vectors/*.jsonl
exec nice "$out/oracle" compare -count "$count" -seed "$seed" -out "$out"
