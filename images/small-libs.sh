#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds static libmicrohttpd and libcurl without TLS from Debian's source packages.
#
#     images/small-libs.sh PREFIX
#
# Why: the workload speaks plain HTTP inside a cluster, but Debian's binaries of these two libraries
# bring GnuTLS, Kerberos, LDAP and SSH along, 20 MB in all. The sources, with Debian's patches, come
# from the mirrors that this machine's apt uses; its configuration is not changed. Does nothing when
# PREFIX holds the versions that apt would give.
set -eu

[ $# -eq 1 ] || { echo "usage: small-libs.sh PREFIX" >&2; exit 2; }
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
work=$prefix/src
jobs=$(nproc)

# The mirrors of this machine, as "URI SUITE" lines.
mirrors() {
    # shellcheck disable=SC2016 # apt expands these
    apt-get indextargets --format '$(SITE) $(RELEASE)' 'Identifier: Packages' |
        grep -E '/debian(-security)?/? ' | sort -u
}

# 77 tells that this is the machine's lack, not a defect.
no_sources() {
    echo "small-libs: $*" >&2
    exit 77
}

# An apt that knows these mirrors' sources, and keeps what it learns below PREFIX.
use_own_apt() {
    mkdir -p "$work/apt/state/lists/partial" "$work/apt/cache/archives/partial"
    mirrors | while read -r uri suite; do
        echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
    done >"$work/apt/sources.list"
    [ -s "$work/apt/sources.list" ] ||
        no_sources "apt knows no Debian mirror; run 'apt-get update' first"
    cat >"$work/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$work/apt/state";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "root";
CONF
    export APT_CONFIG="$work/apt/apt.conf"
    apt-get -qq update || no_sources "the mirrors of this machine do not answer"
    [ -n "$(newest curl)" ] || no_sources "the mirrors of this machine have no source packages"
}

# The newest version of source package $1 that the mirrors have.
newest() {
    apt-cache showsrc "$1" | sed -n 's/^Version: //p' | sort -V | tail -n 1
}

# Unpacks source package $1 with Debian's patches into $work/$1.
unpack() {
    rm -rf "${work:?}/$1" "$work/download"
    mkdir -p "$work/download"
    (cd "$work/download" && apt-get -qq source "$1=$2" >/dev/null)
    mv "$work/download/$1"-* "$work/$1"
}

build() {
    name=$1
    shift
    (
        cd "$work/$name"
        CFLAGS='-O2 -ffunction-sections -fdata-sections' \
            ./configure --quiet --prefix="$prefix" --libdir="$prefix/lib" --disable-shared \
            --enable-static "$@"
        make --silent -j"$jobs"
        make --silent install
    ) >"$work/$name.log" 2>&1 || {
        tail -n 30 "$work/$name.log" >&2
        echo "small-libs: $name did not build; all of it is in $work/$name.log" >&2
        exit 1
    }
}

use_own_apt
curl=$(newest curl)
microhttpd=$(newest libmicrohttpd)
versions="curl=$curl libmicrohttpd=$microhttpd"
[ "$(cat "$prefix/versions" 2>/dev/null)" != "$versions" ] || exit 0

rm -f "$prefix/versions"
echo "small-libs: building libmicrohttpd $microhttpd without TLS" >&2
unpack libmicrohttpd "$microhttpd"
build libmicrohttpd --disable-https --disable-doc --disable-examples --disable-curl

echo "small-libs: building libcurl $curl with HTTP alone" >&2
unpack curl "$curl"
build curl --without-ssl --without-libpsl --without-brotli --without-zstd --without-zlib \
    --without-nghttp2 --without-libidn2 --without-librtmp --without-libssh2 \
    --disable-ldap --disable-ldaps --disable-ftp --disable-file --disable-dict --disable-telnet \
    --disable-tftp --disable-rtsp --disable-pop3 --disable-imap --disable-smb --disable-smtp \
    --disable-gopher --disable-mqtt --disable-manual --disable-ntlm --disable-kerberos-auth \
    --disable-negotiate-auth --disable-aws --disable-alt-svc --disable-hsts --disable-cookies \
    --disable-doh --disable-libcurl-option
echo "$versions" >"$prefix/versions"
rm -rf "${work:?}/curl" "$work/libmicrohttpd" "$work/download"
