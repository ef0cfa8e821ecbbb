#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the images and looks at them with another program's eyes. Chroot needs root.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"
[ "$(id -u)" = 0 ] || cannot_run "chroot needs root"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

need_images
mkdir "$scratch/first"
cp "$images"/swell-*.tar "$scratch/first/"
for name in workload adapter load; do
    "$root/swell" image "$name" --rootfs "$scratch/rootfs-$name"
done
git clone -q "$root" "$scratch/elsewhere"
mkdir "$scratch/elsewhere/build"
cp -a "$root/build/small-libs" "$scratch/elsewhere/build/" # takes minutes; see dockerfile.sh
"$scratch/elsewhere/swell" image all --out "$scratch/second"
SWELL_IMAGES=$scratch /usr/bin/python3 "$root/tests/e2e/image.py"

# The sources and TLS, by the process tests with the programs of the images.
mkdir "$scratch/bin"
for name in workload adapter load; do
    ln -s "$scratch/rootfs-$name/usr/bin/swell-$name" "$scratch/bin/"
done
export SWELL_BIN="$scratch/bin" PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 "$root/tests/process/test_adapter.py"
/usr/bin/python3 "$root/tests/process/test_adapter_sources.py"
/usr/bin/python3 "$root/tests/process/test_adapter_auth.py" Certificates
