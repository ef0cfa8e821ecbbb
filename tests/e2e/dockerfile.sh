#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds images by the Dockerfile with buildah and compares them with those of ./swell image:
#
#     tests/e2e/dockerfile.sh [NAME...]     default: all three
#
# Needs root, and a kernel that lets buildah work in a chroot. debian:bookworm is made by debootstrap
# from this machine's mirrors and kept, so no registry is asked. Takes some 3 minutes.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
kept=$root/build/dockerfile
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

refuse() {
    echo "e2e dockerfile: CANNOT RUN HERE, SO THE DOCKERFILE IS NOT TESTED: $*" >&2
    exit 1
}

builder() {
    buildah --storage-driver vfs --root "$scratch/store" --runroot "$scratch/run" "$@"
}

mirrors() {
    # shellcheck disable=SC2016 # apt expands these
    apt-get indextargets --format '$(SITE) $(RELEASE)' 'Identifier: Packages' |
        grep -E '/debian(-security)?/? ' | sort -u
}

# The files of debian:bookworm, as a tar.
make_base() {
    mkdir -p "$kept"
    debootstrap --variant=minbase bookworm "$scratch/base" \
        "$(mirrors | sed -n 's,\(.*/debian/*\) .*,\1,p' | head -n 1)" \
        >"$kept/debootstrap.log" || refuse "debootstrap failed; see $kept/debootstrap.log"
    mirrors | sed 's/.*/deb & main/' >"$scratch/base/etc/apt/sources.list"
    rm -rf "$scratch/base/var/cache/apt/archives"/*.deb
    tar -C "$scratch/base" -cf "$kept/bookworm.tar.new" .
    mv "$kept/bookworm.tar.new" "$kept/bookworm.tar"
}

import_base() {
    container=$(builder from scratch)
    builder add -q "$container" "$kept/bookworm.tar" /
    builder commit -q --rm "$container" docker.io/library/debian:bookworm >/dev/null
}

[ "$(id -u)" = 0 ] || refuse "it needs root"
[ -f "$kept/bookworm.tar" ] || make_base
import_base || refuse "buildah does not work; see above"
builder run --isolation chroot "$(builder from --pull=never docker.io/library/debian:bookworm)" true ||
    refuse "buildah cannot run programs in a chroot; see above"

[ $# -gt 0 ] || set -- workload adapter load
for name in "$@"; do
    builder bud --layers --isolation chroot --network host --pull=never --target "$name" -t "$name" "$root" \
        >"$kept/$name.log" 2>&1 || {
        tail -n 20 "$kept/$name.log" >&2
        echo "e2e dockerfile: $name did not build; all of it is in $kept/$name.log" >&2
        exit 1
    }
    builder push -q "$name" "oci-archive:$scratch/$name.tar"
    "$root/swell" image "$name" --out "$scratch"
    /usr/bin/python3 "$root/tests/e2e/dockerfile.py" "$scratch/$name.tar" "$scratch/swell-$name.tar"
done
