# Sourced by release/run: each Debian package in a clean root of its release: installed, started, upgraded, removed, purged.

check_debs() {
    can_make_roots || { lacking "the Debian packages are not tried: be root and apt-get install debootstrap"; return; }
    local suite
    for suite in "${!DEBIAN_PYTHON[@]}"; do
        step "clean root of $suite" make_root "$suite" python3
        step "the package in $suite: install, run, upgrade, remove, purge" check_deb "$suite"
    done
    command -v lintian >/dev/null || { lacking "lintian did not look at the Debian packages: apt-get install lintian"; return; }
    step "lintian" lintian --fail-on error --tag-display-limit 0 "$OUT"/*.deb
}

check_deb() { # check_deb SUITE
    local root=$WORK/root-$1 deb kept left
    deb=$(ls "$OUT"/pktvisor_*"~deb${DEBIAN_NUMBER[$1]}_$(dpkg --print-architecture).deb")
    cp -a --reflink=auto "$ROOTS/$1" "$root"
    cp "$deb" "$CAPTURE" "$root/tmp/"
    debian apt-get -qq install -y --no-install-recommends "/tmp/${deb##*/}"
    check_installed
    kept=$(debian dpkg-query --show --showformat '${Conffiles}' pktvisor | awk '{ print $1; exit }')
    echo '# mine' >>"$root$kept"
    debian dpkg --install "/tmp/${deb##*/}"
    grep -q '^# mine$' "$root$kept" || { echo "an upgrade overwrote $kept"; return 1; }
    debian dpkg --remove pktvisor
    [ -e "$root$kept" ] || { echo "a removal took $kept"; return 1; }
    debian dpkg --purge pktvisor
    left=$(find "$root"/{etc,usr,var/lib/systemd} -ipath '*pktvisor*')
    [ -z "$left" ] || { echo "a purge left $left"; return 1; }
}

debian() { # debian COMMAND...: in $root
    SHARED="/etc/resolv.conf /etc/hosts" in_root "$root" env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin DEBIAN_FRONTEND=noninteractive "$@"
}

check_installed() { # all commands run, and the agent serves
    local command
    for command in pktvisor pktvisord pktvisor-hub pktvisor-reader; do
        debian "$command" --version | grep -F "$VERSION"
        [ -e "$root/usr/share/man/man1/$command.1.gz" ] || { echo "there is no manual page of $command"; return 1; }
    done
    debian pktvisor-reader --json "/tmp/${CAPTURE##*/}" | grep -q '"packets"'
    debian timeout 20 pktvisord mock -p "$PORT" &
    curl -sf --retry 60 --retry-delay 1 --retry-connrefused "localhost:$PORT/healthz" >/dev/null
    wait $! || [ $? = 124 ]
}
