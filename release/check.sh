# Sourced by release/run: what was built is looked at, installed as a user does, and run.

CAPTURE=$ROOT/tests/captures/dns_authoritative.pcap
PORT=${PORT:-$("$PYTHON" -c 'import socket; s = socket.create_server(("", 0)); print(s.getsockname()[1])')} # one that is free

check_metadata() { # as the package index will: names, fields, a description that renders
    "$TOOLS/bin/twine" check --strict "$OUT"/*.whl "$OUT"/*.tar.gz
    local wheel
    for wheel in "$OUT"/*.whl; do
        "$TOOLS/bin/abi3audit" --strict --assume-minimum-abi3 3.11 "$wheel"
        # It looks for the libraries of musl wheels among this machine's own; maturin has looked at all of them.
        [[ $wheel == *musl* ]] || "$TOOLS/bin/auditwheel" show "$wheel"
    done
}

BARE=(env --chdir="$WORK" --unset=PYTHONPATH PATH=/usr/bin:/bin) # without Rust, without the clone

check_wheel() { # check_wheel WHEEL
    "${BARE[@]}" "$PYTHON" -m venv "$WORK/bare"
    "${BARE[@]}" "$WORK/bare/bin/pip" install --quiet --disable-pip-version-check "$1[hub]"
    check_commands "$WORK/bare/bin"
}

check_sdist() {
    "$PYTHON" -m venv "$WORK/from-source"
    "$WORK/from-source/bin/pip" install --quiet --disable-pip-version-check "$OUT/pktvisor-$VERSION.tar.gz"
    check_reader "$WORK/from-source/bin"
}

check_tools() { # check_tools WHEEL: how tools are run without being installed, and installed apart
    "${BARE[@]}" "$TOOLS/bin/uv" tool run --isolated --from "$1" pktvisord --version
    PIPX_HOME=$WORK/pipx PIPX_BIN_DIR=$WORK/pipx/bin PIPX_MAN_DIR=$WORK/pipx/man \
        "${BARE[@]}" "$TOOLS/bin/pipx" install --python "$PYTHON" "$1"
    check_reader "$WORK/pipx/bin"
}

check_commands() { # check_commands BIN
    local command
    for command in pktvisor pktvisord pktvisor-hub pktvisor-reader; do
        "${BARE[@]}" "$1/$command" --version | grep -F "$VERSION"
    done
    check_reader "$1"
    check_daemon "$1"
    check_hub "$1"
}

check_reader() { # check_reader BIN
    "${BARE[@]}" "$1/pktvisor-reader" --json "$CAPTURE" | "$PYTHON" -c '
import json, sys
assert json.load(sys.stdin)["5m"]["packets"]["total"] > 0
'
}

check_daemon() { # check_daemon BIN: made-up traffic is served, and the terminal interface shows it
    serve "$1/pktvisord" mock -p "$PORT"
    "${BARE[@]}" "$1/pktvisor" -p "$PORT" --once
    curl -sf "localhost:$PORT/metrics" >/dev/null
    curl -sf "localhost:$PORT/docs/searchindex.js" >/dev/null
    curl -sf "localhost:$PORT/" | grep -F app/main.js >/dev/null
    end_serving
}

check_hub() { # check_hub BIN
    serve "$1/pktvisor-hub" --data-dir "$WORK/hub" -p "$PORT"
    end_serving
}

serve() { # serve COMMAND...: until end_serving, or the end of the step
    "${BARE[@]}" "$@" &
    SERVING=$!
    trap 'kill "$SERVING"' EXIT
    curl -sf --retry 60 --retry-delay 1 --retry-connrefused "localhost:$PORT/healthz" >/dev/null
}

end_serving() { # it must end well, too
    trap - EXIT
    kill "$SERVING" && wait "$SERVING"
}
