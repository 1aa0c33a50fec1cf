# Sourced by release/run: how a step is told, and what becomes of one that fails.

LOGS=$ROOT/target/release-logs
LACKING=0

step() { # step WHAT COMMAND...: run it quietly; where it fails, the release ends with one sentence
    local what=$1 log
    shift
    mkdir -p "$LOGS"
    log=$LOGS/$(tr -c 'a-zA-Z0-9\n' '-' <<<"$what").log
    printf '%-62s' "$what"
    local begin=$SECONDS status
    set +e # what runs as a condition would not end at its first error
    (set -eu; "$@") >"$log" 2>&1 </dev/null
    status=$?
    set -e
    if [ "$status" != 0 ]; then
        printf 'failed\n'
        die "$what failed with status $status; the end of $log: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1)"
    fi
    printf '%5d s\n' $((SECONDS - begin))
}

lacking() { # lacking SENTENCE: what can't be had on this machine; the others go on, and the exit status tells
    echo "release: $1" >&2
    LACKING=3
}

die() {
    echo "release: $1" >&2
    exit 1
}
