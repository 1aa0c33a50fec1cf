# Sourced by release/run: the wheel of aarch64, run by an emulator with that machine's interpreter.

ARM=$ROOTS/bookworm-arm64

check_aarch64() { # nothing to do where there is no such wheel, or where the machine is of this kind
    local wheel
    wheel=$(wheel_of aarch64)
    [ -n "$wheel" ] && [ "$wheel" != "$WHEEL" ] || return 0
    if ! can_make_roots || ! command -v qemu-aarch64-static >/dev/null; then
        lacking "the wheel of aarch64 is not run: be root and apt-get install debootstrap qemu-user-static"
        return
    fi
    step "an interpreter for aarch64" make_arm
    step "the wheel of aarch64 gives the summary that this machine's gives" compare_summaries "$wheel"
}

make_arm() { # packages that are laid out, but not set up, which no emulated program needs
    [ ! -e "$ARM" ] || return 0
    debootstrap --foreign --arch=arm64 --variant=minbase --include=python3 bookworm "$ARM.new" "$MIRROR"
    find "$ARM.new/var/cache/apt/archives" -name '*.deb' -exec dpkg-deb --extract {} "$ARM.new" \;
    mv "$ARM.new" "$ARM"
}

compare_summaries() { # compare_summaries WHEEL
    "$TOOLS/bin/uv" pip install --quiet --target "$WORK/arm" --python-version 3.11 --python-platform aarch64-manylinux_2_28 \
        --only-binary :all: --requirement requirements/package.txt "$1"
    qemu-aarch64-static -L "$ARM" -E PYTHONPATH="$WORK/arm" "$ARM/usr/bin/python3.11" \
        -m pktvisor pktvisor-reader --json "$CAPTURE" >"$WORK/arm.json"
    "$WORK/bare/bin/pktvisor-reader" --json "$CAPTURE" | cmp - "$WORK/arm.json"
}
