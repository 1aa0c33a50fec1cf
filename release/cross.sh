# Sourced by release/run: wheels of other machines and of musl, where rustup has no standard library for them.

CROSS_SUITE=${CROSS_SUITE:-forky} # the first of Debian's releases whose Rust is new enough for us

build_wheel_cross() { # build_wheel_cross TARGET: Debian's compiler makes the standard library, too, from its source
    local registry=${CARGO_HOME:-$HOME/.cargo}
    cargo fetch --locked
    SHARED="$ROOT $registry /etc/ssl /etc/resolv.conf" in_root "$ROOTS/$CROSS_SUITE" env --chdir="$ROOT" \
        PATH="$TOOLS/bin:$(echo "$TOOLS"/lib/python3*/site-packages/ziglang):/usr/bin:/bin" CARGO_HOME="$registry" \
        CARGO_TARGET_DIR="$ROOT/target/release-cross" RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,panic_abort \
        maturin build --release --locked --zig --target "$1" --compatibility "$(baseline "$1")" \
        --interpreter python3.11 --out "$OUT"
}
