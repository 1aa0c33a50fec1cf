# Sourced by the Makefile: says in one sentence what is missing on this machine and how to get it.

need_python() { # need_python COMMAND
    if ! command -v "$1" >/dev/null; then
        echo "pktvisor needs Python 3.11 or newer, and there is no '$1': apt-get install python3 python3-venv" >&2
        return 1
    fi
    if ! "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "pktvisor needs Python 3.11 or newer, '$1' is $("$1" -V): name a newer one, as make PYTHON=python3.12" >&2
        return 1
    fi
    if ! "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Python's venv module is missing: apt-get install python3-venv" >&2
        return 1
    fi
}

need_rust() {
    if ! command -v cargo >/dev/null || ! command -v cc >/dev/null; then
        echo "pktvisor needs Rust 1.88 or newer and a C compiler: install from https://rustup.rs, and apt-get install gcc" >&2
        return 1
    fi
    local version
    version=$(cargo --version | cut -d ' ' -f 2)
    if [ "$(printf '1.88\n%s\n' "$version" | sort -V | head -n 1)" != 1.88 ]; then
        echo "pktvisor needs Rust 1.88 or newer, this is $version: rustup update" >&2
        return 1
    fi
}

# libpcap compiles filter expressions (-b); everything else works without it.
need_libpcap() {
    [ "$(uname -s)" = Linux ] || return 0
    if PATH=$PATH:/usr/sbin:/sbin ldconfig -p 2>/dev/null | grep -q 'libpcap\.so\.'; then return 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        { apt-get -qq update && apt-get -qq install -y libpcap0.8; } >/dev/null 2>&1 && return 0
    fi
    echo "libpcap is missing: filter expressions (-b) will not work until you apt-get install libpcap0.8" >&2
}
