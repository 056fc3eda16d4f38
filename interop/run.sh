#!/bin/sh
# Runs the foreign client against the simulated network. Needs node (20.9 or later) and the built
# network, `cargo build -p wharf-sandbox --example serve`; WHARF_SANDBOX_BIN names another binary.
# Arguments go to node's test runner: ./run.sh scenarios/pair-qr.test.js
set -eu
[ -z "${WHARF_SANDBOX_BIN:-}" ] || WHARF_SANDBOX_BIN=$(realpath -m "$WHARF_SANDBOX_BIN")
cd "$(dirname "$0")"

binary=${WHARF_SANDBOX_BIN:-../target/debug/examples/serve}
if [ ! -x "$binary" ]; then
    echo "interop: $binary is not built: cargo build -p wharf-sandbox --example serve" >&2
    exit 1
fi

# Installed once, and again whenever the lock file has changed. Install scripts never run.
stamp=node_modules/.installed-lock
if ! cmp -s package-lock.json "$stamp" 2>/dev/null; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    cp package-lock.json "$stamp"
fi

[ $# -gt 0 ] || set -- scenarios/*.test.js
# Two at a time: each scenario is a server and a client, and their handshakes are CPU-bound.
exec node --test --test-concurrency="${WHARF_INTEROP_JOBS:-2}" --test-reporter=spec "$@"
