#!/usr/bin/env bash
# Checks the checks: plants each bug of testvectors/planted_bugs in a copy of the RTL, runs random
# programs in lockstep, and shows the report that finds it. Fails if one is not found.
#
#   scripts/planted_bugs.sh [NAME…]      e.g. forwarding unit_stall; all without a name
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

# One copy for all, so that only what a bug changes is built anew.
target="${CARGO_TARGET_DIR:-$PWD/target}/planted-bugs"
copy="$target/copy"
rm -rf "$copy"
mkdir -p "$copy"
git ls-files -z | tar -c --null -T - -f - | tar -x -C "$copy" -f -

missed=()
for name in "${names[@]}"; do
  patch="$PWD/testvectors/planted_bugs/$name.patch"
  echo "== $name: $(head -1 "$patch")"
  patch -s -p1 -d "$copy" <"$patch"
  reports="$copy/reports/mismatch"
  rm -rf "$reports"
  (cd "$copy" && CARGO_TARGET_DIR="$target" cargo build --release --quiet --no-default-features)
  status=0
  (cd "$copy" && "$target/release/convapprox" torture --quiet --jobs 1) || status=$?
  patch -s -R -p1 -d "$copy" <"$patch"
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
