#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Checks the checks: plants each bug of testvectors/planted_bugs in a copy of the RTL, runs random
# programs in lockstep, and shows the report that finds it. Fails if one is not found.
#
#   scripts/planted_bugs.sh [NAME…]      e.g. forwarding unit_stall; all without a name
#
# Those whose names begin with float are looked for on the system with floating point, and those that begin
# with unit_float on the one whose unit has floats.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for patch in testvectors/planted_bugs/*.patch; do names+=("$(basename "$patch" .patch)"); done
fi
for name in "${names[@]}"; do
  [ -f "testvectors/planted_bugs/$name.patch" ] ||
    { echo "there is no testvectors/planted_bugs/$name.patch" >&2; exit 2; }
done

cargo build --release --quiet
program="${CARGO_TARGET_DIR:-$PWD/target}/release/convapprox"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp -r rtl "$work/rtl"

missed=()
for name in "${names[@]}"; do
  patch="$PWD/testvectors/planted_bugs/$name.patch"
  echo "== $name: $(head -1 "$patch")"
  patch -s -p1 -d "$work" <"$patch"
  status=0
  # The program verilates the changed RTL itself.
  system=soc
  [[ "$name" = float* ]] && system=soc_fp
  [[ "$name" = unit_float* ]] && system=soc_fp_m2_e1
  CONVAPPROX_RTL="$work/rtl" "$program" torture --quiet --jobs 1 --soc "$system" --out "$work/$name" ||
    status=$?
  patch -s -R -p1 -d "$work" <"$patch"
  reports="$work/$name/mismatch"
  if [ "$status" -eq 3 ] && compgen -G "$reports/*/report.txt" >/dev/null; then
    cat "$reports"/*/report.txt
  else
    missed+=("$name")
  fi
done
if [ ${#missed[@]} -gt 0 ]; then
  echo "not found: ${missed[*]}" >&2
  exit 1
fi
echo "all ${#names[@]} planted bugs were found"
