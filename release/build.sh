# Sourced by release/run: the version, the tools, the source distribution, the wheels.

TOOLS=$ROOT/target/release-tools
BASELINE=manylinux_2_17 # the oldest C library that Rust's standard library runs on

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

build_wheel_here() { # what `make build` compiled, if that is fresh: nothing is compiled twice
    PYO3_PYTHON=$PYTHON "$TOOLS/bin/maturin" build --release --locked --compatibility linux --interpreter "$PYTHON" --out "$OUT"
}

build_wheels() { # one for each machine; where one can't be built, a sentence says so
    local target
    for target in x86_64-unknown-linux-gnu; do
        step "wheel of $target" build_wheel "$target"
    done
}

build_wheel() { # build_wheel TARGET: zig links it against an old C library
    PATH=$TOOLS/bin:$PATH maturin build --release --locked --zig --target "$1" --compatibility "$BASELINE" \
        --interpreter python3.11 --out "$OUT"
}

wheel_here() { # the wheel that runs on this machine
    ls "$OUT"/*linux*"_$(uname -m).whl" | grep -v musl | head -n 1
}
