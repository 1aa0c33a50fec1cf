# Sourced by release/run: the version, the tools, the source distribution, the wheels.

TOOLS=$ROOT/target/release-tools

version() { # the one place where it stands
    sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml
}

changelog_has() { # changelog_has VERSION
    grep -qE "^## $1( |\$)" CHANGELOG.md || { echo "CHANGELOG.md has no section '## $1'"; return 1; }
}

make_tools() {
    [ -e "$TOOLS/bin/python" ] || "$PYTHON" -m venv "$TOOLS"
    "$TOOLS/bin/pip" install --quiet --disable-pip-version-check --requirement requirements/release.txt
}

build_sdist() {
    "$TOOLS/bin/maturin" sdist --out "$OUT"
}

build_wheel_here() { # what `make build` compiled: nothing is compiled twice
    make build PYTHON="$PYTHON"
    PYO3_PYTHON=$ROOT/.venv/bin/python "$TOOLS/bin/maturin" build --release --locked --compatibility linux \
        --interpreter .venv/bin/python --out "$OUT"
}

build_wheels() { # one for each machine; where one can't be built, a sentence says so
    local target
    for target in {x86_64,aarch64}-unknown-linux-{gnu,musl}; do
        if has_library "$target"; then
            step "wheel of $target" build_wheel "$target"
        elif can_make_roots; then
            step "clean root of $CROSS_SUITE, with a compiler" make_root "$CROSS_SUITE" cargo rustc rust-src
            step "wheel of $target, by that compiler" build_wheel_cross "$target"
        else
            lacking "no wheel of $target: rustup target add $target, or be root and apt-get install debootstrap"
        fi
    done
}

has_library() { # has_library TARGET: whether the compiler here has Rust's standard library for it
    rustup target add "$1" >/dev/null 2>&1 || [ -e "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]
}

build_wheel() { # build_wheel TARGET: zig links it against an old C library
    PATH=$TOOLS/bin:$PATH maturin build --release --locked --zig --target "$1" --compatibility "$(baseline "$1")" \
        --interpreter python3.11 --out "$OUT"
}

baseline() { # baseline TARGET: the oldest C libraries that Rust's standard library runs on
    case $1 in
        *-gnu) echo manylinux_2_17 ;;
        *-musl) echo musllinux_1_2 ;;
    esac
}

wheel_of() { # wheel_of MACHINE: that for glibc; nothing where there is none
    find "$OUT" -name "*_$1.whl" -not -name '*musl*' -print -quit
}
