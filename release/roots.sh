# Sourced by release/run: clean roots of Debian's releases, by debootstrap; kept in target/roots for the next time.

ROOTS=$ROOT/target/roots
MIRROR=${MIRROR:-http://deb.debian.org/debian}

can_make_roots() {
    [ "$(id -u)" = 0 ] && command -v debootstrap >/dev/null
}

make_root() { # make_root SUITE PACKAGE...: with these packages
    local suite=$1 script=/usr/share/debootstrap/scripts
    shift
    [ ! -e "$ROOTS/$suite" ] || return 0
    [ -e "$script/$suite" ] && script+=/$suite || script+=/sid # an old debootstrap knows new releases as unstable only
    mkdir -p "$ROOTS"
    rm -rf "$ROOTS/$suite.new"
    debootstrap --variant=minbase --include="$(IFS=,; echo "$*")" "$suite" "$ROOTS/$suite.new" "$MIRROR" "$script"
    mv "$ROOTS/$suite.new" "$ROOTS/$suite"
}

in_root() { # in_root FOLDER COMMAND...: there, with what $SHARED names of this root; nothing stays mounted
    unshare --mount bash -euc '
        mount -t proc proc "$0/proc"
        for place in ${SHARED-}; do
            [ -d "$place" ] && mkdir -p "$0$place" || touch "$0$place"
            mount --bind "$place" "$0$place"
        done
        exec chroot "$0" "$@"' "$@"
}
