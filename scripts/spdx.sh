#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Puts the licence line into every source file that lacks it: the first line, or the second after
# a `#!` line. Running it twice changes nothing.
#
#   scripts/spdx.sh           adds the line where it is missing
#   scripts/spdx.sh --check   changes nothing; names the files without the line and fails
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

check=false
case "${1:-}" in
  "") ;;
  --check) check=true ;;
  *) echo "usage: scripts/spdx.sh [--check]" >&2; exit 2 ;;
esac

license='SPDX-License-Identifier: MIT OR Apache-2.0'

# The line in the comment syntax of a file; nothing for a file that carries none.
line_for() {
  case "$1" in
    *.rs | *.sv | *.svh | *.c | *.cpp | *.S) echo "// $license" ;;
    *.h | *.ld) echo "/* $license */" ;;
    *.sh | *.py | *.s | run | test | .ci/run) echo "# $license" ;;
  esac
}

missing=()
while IFS= read -r -d '' file; do
  [ -f "$file" ] || continue
  line="$(line_for "$file")"
  [ -n "$line" ] || continue
  first='' second=''
  { IFS= read -r first && IFS= read -r second; } <"$file" || true
  # `#![…]` is an attribute of Rust, not the name of an interpreter.
  at=0
  case "$first" in '#!['*) ;; '#!'*) at=1 ;; esac
  if [ "$at" = 1 ]; then present="$second"; else present="$first"; fi
  [ "$present" != "$line" ] || continue
  missing+=("$file")
  if ! $check; then
    # Copied in place, so that the file keeps its mode.
    temporary="$(mktemp)"
    { head -n "$at" "$file"; echo "$line"; tail -n "+$((at + 1))" "$file"; } >"$temporary"
    cat "$temporary" >"$file"
    rm "$temporary"
  fi
done < <(git ls-files -z --cached --others --exclude-standard)

if [ ${#missing[@]} -eq 0 ]; then
  exit 0
elif $check; then
  printf 'no licence line: %s\n' "${missing[@]}" >&2
  echo "${#missing[@]} files lack the line \"$license\"; run scripts/spdx.sh" >&2
  exit 1
fi
echo "added the licence line to ${#missing[@]} files"
