# SPDX-License-Identifier: MIT
# What an end-to-end test needs and may not find. It cannot run then, which is no failure, but nothing
# to be passed over either: it exits with 77, and `./swell e2e` repeats why at its end.
#
#     . "$root/tests/e2e/common/needs.sh"

cannot_run() {
    echo "CANNOT RUN HERE: $*" >&2
    [ -z "${SWELL_WHY_NOT:-}" ] || echo "$*" >"$SWELL_WHY_NOT"
    exit 77
}

# Debian packages, by sections of packages.txt.
need_packages() {
    "$root/swell" install "$@" || cannot_run "Debian packages are missing: ./swell install $*"
}

# Go, and what the module in tests/e2e/$1 needs: one of its own, as it wants other versions.
need_go_module() {
    command -v go >/dev/null || cannot_run "there is no Go in PATH"
    (cd "$root/tests/e2e/$1" && go mod download) ||
        cannot_run "Go cannot download what tests/e2e/$1 needs; see above"
}

# Builds the package $2 of that module, once, and prints where its program is.
build_go_module() {
    program=$root/build/e2e/$1
    (cd "$root/tests/e2e/$1" && CGO_ENABLED=0 nice go build -o "$program" "$2")
    echo "$program"
}

# Go, and the modules of these packages of tests/go.mod.
need_go() {
    command -v go >/dev/null || cannot_run "there is no Go in PATH"
    (cd "$root/tests" && go list -deps "$@" >/dev/null) || cannot_run "Go cannot load $*; see above"
}

# What ./swell cluster needs to start a node, or with --control-plane-only without one.
need_cluster() {
    case "$*" in
    *--control-plane-only*) need_packages control-plane ;;
    *) need_packages cluster ;;
    esac
    why=$("$root/swell" cluster check "$@" 2>&1) || cannot_run "$why"
}

# Our images, in the folder $images: those of SWELL_IMAGES, or built.
need_images() {
    images=${SWELL_IMAGES:-$root/build/images}
    [ -z "${SWELL_IMAGES:-}" ] || return 0
    code=0
    "$root/swell" image all --out "$images" || code=$?
    [ "$code" != 77 ] || cannot_run "images need Debian's source packages; see above"
    return "$code"
}

# Builds a program that tests/e2e/cluster/build.py knows, and prints where it is.
build_program() {
    (cd "$root/tests/e2e" && PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m cluster.build "$1")
}
