# Sourced by release/run: what a release consists of, for those who look after others' machines.

write_sbom() { # write_sbom WHEEL: the crates, as maturin lists them, and the Python packages that were installed with it
    "$TOOLS/bin/python" -m zipfile -e "$1" "$WORK/wheel"
    cp "$WORK"/wheel/*.dist-info/sboms/*.cyclonedx.json "$OUT/pktvisor-$VERSION.rust.cdx.json"
    "$TOOLS/bin/cyclonedx-py" environment --output-reproducible --output-file "$OUT/pktvisor-$VERSION.python.cdx.json" \
        "$WORK/bare/bin/python"
}

write_sums() {
    (cd "$OUT" && sha256sum -- * >"$WORK/SHA256SUMS" && mv "$WORK/SHA256SUMS" .)
}
