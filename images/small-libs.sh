#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds static libraries with no more than our programs use, from Debian's source packages.
#
#     images/small-libs.sh small PREFIX        libmicrohttpd and libcurl without TLS
#     images/small-libs.sh small-tls PREFIX    libcurl with GnuTLS, librdkafka with OpenSSL
#
# Why: Debian's binaries of these libraries bring Kerberos, LDAP, SSH and more along, 20 MB for a
# workload that speaks plain HTTP. What else a program links statically comes from Debian's packages.
# The sources, with Debian's patches, come from the mirrors that this machine's apt uses; its
# configuration is not changed. Does nothing when PREFIX holds what would come of it.
set -eu

case ${1:-} in
small) sources='libmicrohttpd curl' ;;
small-tls) sources='curl librdkafka' ;;
*) sources='' ;;
esac
if [ $# -ne 2 ] || [ -z "$sources" ]; then
    echo "usage: small-libs.sh small|small-tls PREFIX" >&2
    exit 2
fi
set=$1
mkdir -p "$2"
prefix=$(cd "$2" && pwd)
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

# Source packages with their versions, what they are built with, and how: as long as this stays, so does
# PREFIX. A header may tell its version, as OpenSSL's does, and that goes into the program.
recipe() {
    for name in $sources; do
        printf '%s=%s ' "$name" "$(newest "$name")"
    done
    cc --version | head -n 1
    # shellcheck disable=SC2016 # dpkg-query expands
    dpkg-query -W -f '${Package}=${Version} ' libc6-dev libgnutls28-dev libssl-dev
    cksum <"$0"
}

# Unpacks source package $1 with Debian's patches into $work/$1.
unpack() {
    rm -rf "${work:?}/$1" "$work/download"
    mkdir -p "$work/download"
    (cd "$work/download" && apt-get -qq source "$1=$(newest "$1")" >/dev/null)
    mv "$work/download/$1"-* "$work/$1"
}

# Builds source package $1 and installs it with its licence; the rest goes to configure.
build() {
    name=$1
    shift
    echo "small-libs: building $name $(newest "$name") ($set)" >&2
    unpack "$name"
    # Not by set -e, which the shell ignores on the left of "||".
    (
        cd "$work/$name" &&
            CFLAGS='-O2 -ffunction-sections -fdata-sections' \
                ./configure --prefix="$prefix" --libdir="$prefix/lib" --enable-static "$@" &&
            cd "$work/$name/${folder:-.}" &&
            make --silent -j"$jobs" &&
            make --silent install &&
            install -D -m 644 "$work/$name/debian/copyright" \
                "$prefix/share/doc/lib${name#lib}/copyright"
    ) >"$work/$name.log" 2>&1 || {
        tail -n 30 "$work/$name.log" >&2
        echo "small-libs: $name did not build; all of it is in $work/$name.log" >&2
        exit 1
    }
    rm -rf "${work:?}/$name" "$work/download"
}

build_libmicrohttpd() {
    build libmicrohttpd --quiet --disable-shared --disable-https --disable-doc --disable-examples \
        --disable-curl
}

# HTTP alone, as our sources, workers and clients speak it.
build_curl() {
    case $set in
    small) tls=--without-ssl ;;
    small-tls) tls='--with-gnutls --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt' ;;
    esac
    # shellcheck disable=SC2086 # a list of flags
    build curl --quiet --disable-shared $tls \
        --without-libpsl --without-brotli --without-zstd --without-zlib \
        --without-nghttp2 --without-libidn2 --without-librtmp --without-libssh2 \
        --disable-ldap --disable-ldaps --disable-ftp --disable-file --disable-dict \
        --disable-telnet --disable-tftp --disable-rtsp --disable-pop3 --disable-imap --disable-smb \
        --disable-smtp --disable-gopher --disable-mqtt --disable-manual --disable-ntlm \
        --disable-kerberos-auth --disable-negotiate-auth --disable-aws --disable-alt-svc \
        --disable-hsts --disable-cookies --disable-doh --disable-libcurl-option
}

# SASL's PLAIN and SCRAM are its own; Kerberos would need Cyrus SASL. Compression is for messages, and
# the adapter reads none. Its C++ half stays away, though configure wants a compiler for it; its shared
# library cannot be switched off.
build_librdkafka() {
    CXX=cc folder=src build librdkafka --enable-ssl --disable-gssapi --disable-zstd --disable-zlib \
        --disable-lz4-ext --disable-curl --disable-debug-symbols
    rm -f "$prefix"/lib/librdkafka.so*
}

use_own_apt
wanted=$(recipe)
[ "$(cat "$prefix/recipe" 2>/dev/null)" != "$wanted" ] || exit 0

rm -f "$prefix/recipe"
for name in $sources; do
    "build_$name"
done
echo "$wanted" >"$prefix/recipe"
