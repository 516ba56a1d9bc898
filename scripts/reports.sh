#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Makes the reference results again, each by its command in reports/README.md: all of them in order, or
# those that are named. A result takes the place of the one before once its command has ended well.
#   scripts/reports.sh [NAME]...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Lines of a name, a tab, and a command.
table="$(sed -nE 's/^\| `([a-z0-9-]+)` \| `(.*)` \|$/\1\t\2/p' reports/README.md)"
for name in "$@"; do
  if ! grep -q "^$name"$'\t' <<<"$table"; then
    echo "reports/README.md has no row $name; it has" $(cut -f1 <<<"$table") >&2
    exit 2
  fi
done

made=reports/runs/reference
while IFS=$'\t' read -r name command; do
  [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] || continue
  new="$made/$name"
  rm -rf "$new" "$new-figures" "$new-before"
  echo "$name: $command" >&2
  start=$SECONDS
  bash -c "${command/--out reports\/$name/--out $new}" </dev/null
  mkdir -p "$new-figures" "reports/$name"
  for file in "$new"/*; do
    # Not tables that are too large to be kept, nor pictures of MNIST's images.
    kept="reports/$name/$(basename "$file")"
    case "$file" in
      *.csv | *.json) git check-ignore -q "$kept" || cp "$file" "$new-figures/" ;;
      *) ! git ls-files --error-unmatch "$kept" >/dev/null 2>&1 || cp "$file" "$new-figures/" ;;
    esac
  done
  if ls reports/"$name"/*.svg >/dev/null 2>&1; then ./run plot "$new-figures" </dev/null; fi
  mv "reports/$name" "$new-before"
  mv "$new-figures" "reports/$name"
  echo "$name: $((SECONDS - start)) s" >&2
done <<<"$table"
