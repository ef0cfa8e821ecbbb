#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds images by the Dockerfile with buildah and compares them with those of ./swell image:
#
#     tests/e2e/dockerfile.sh [NAME...]     default: all three
#
# Needs root, and a kernel that lets buildah work in a chroot. debian:bookworm is made by debootstrap
# from this machine's mirrors and kept, so no registry is asked. Takes some six minutes, and twice that
# where overlay cannot be mounted.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/e2e/common/needs.sh"
kept=$root/build/dockerfile
scratch=$(mktemp -d)
trap 'umount -R "$scratch/store/overlay" 2>/dev/null || true; rm -rf "$scratch"' EXIT

# With overlay a step keeps what it changed. With vfs it copies a whole Debian, but can always.
choose_driver() {
    mkdir -p "$scratch/try/lower" "$scratch/try/upper" "$scratch/try/work" "$scratch/try/merged"
    if mount -t overlay overlay "$scratch/try/merged" -o \
        "lowerdir=$scratch/try/lower,upperdir=$scratch/try/upper,workdir=$scratch/try/work"; then
        umount "$scratch/try/merged"
        driver=overlay
    else
        driver=vfs
    fi
}

builder() {
    buildah --storage-driver "$driver" --root "$scratch/store" --runroot "$scratch/run" "$@"
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
        >"$kept/debootstrap.log" || cannot_run "debootstrap failed; see $kept/debootstrap.log"
    mirrors | sed 's/.*/deb & main/' >"$scratch/base/etc/apt/sources.list"
    rm -rf "$scratch/base/var/cache/apt/archives"/*.deb
    tar -C "$scratch/base" -cf "$kept/bookworm.tar.new" .
    mv "$kept/bookworm.tar.new" "$kept/bookworm.tar"
}

# As new as the mirrors are today, like the image of that name. Set -e does not count on the left of ||.
import_base() {
    container=$(builder from scratch) &&
        builder add -q "$container" "$kept/bookworm.tar" / &&
        builder run --isolation chroot "$container" sh -c \
            'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy upgrade' \
            >"$kept/upgrade.log" &&
        builder commit -q --rm "$container" docker.io/library/debian:bookworm >/dev/null
}

build_target() {
    builder bud --layers --isolation chroot --network host --pull=never --target "$1" -t "$1" "$root" \
        >"$kept/$1.log" 2>&1 || {
        tail -n 20 "$kept/$1.log" >&2
        echo "e2e dockerfile: $1 did not build; all of it is in $kept/$1.log" >&2
        exit 1
    }
}

# The images are made of files of these packages, so both sides need the same.
need_same_packages() {
    build_target tools
    packages="libc6 $(sed -nE 's/^(build|image) //p' "$root/packages.txt" | sort -u | tr '\n' ' ')"
    # shellcheck disable=SC2016,SC2086 # dpkg-query expands; a list of words
    set -- dpkg-query -W -f '${Package} ${Version}\n' $packages
    builder run --isolation chroot "$(builder from --pull=never tools)" "$@" | sort >"$scratch/theirs"
    "$@" | sort >"$scratch/ours"
    others=$(comm -3 "$scratch/ours" "$scratch/theirs" | awk '{print $1}' | sort -u | tr '\n' ' ')
    [ -z "$others" ] ||
        cannot_run "the mirrors have newer packages: apt-get install --only-upgrade $others"
}

[ "$(id -u)" = 0 ] || cannot_run "it needs root"
need_packages build image
choose_driver
[ -f "$kept/bookworm.tar" ] || make_base
import_base || cannot_run "buildah cannot run programs in a chroot; see above"
need_same_packages

[ $# -gt 0 ] || set -- workload adapter load
for name in "$@"; do
    build_target "$name"
    builder push -q "$name" "oci-archive:$scratch/$name.tar"
    "$root/swell" image "$name" --out "$scratch"
    /usr/bin/python3 "$root/tests/e2e/dockerfile.py" "$scratch/$name.tar" "$scratch/swell-$name.tar"
done
