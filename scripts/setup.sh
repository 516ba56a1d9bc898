#!/usr/bin/env bash
# Installs what the project needs beside Rust, and says what and why. When all is there it does
# nothing and prints nothing.
#
#   scripts/setup.sh        to build, run and test
#   scripts/setup.sh --ci   and what only continuous integration needs
set -euo pipefail

ci=false
[ "${1:-}" = "--ci" ] && ci=true

say() { echo "set-up: $*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# rustup installs here; a shell that was open before does not have it in PATH.
[ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH"
if ! have cargo; then
  say "Rust is missing. Install Rust 1.85 or newer from https://rustup.rs, then run this again."
  exit 1
fi

verilator_found() {
  [ -n "${VERILATOR:-}" ] || [ -n "${VERILATOR_ROOT:-}" ] || have verilator
}

compiler_found() {
  { have clang++ || have g++ || have c++; } && have ar
}

# bindgen loads libclang at build time.
libclang_found() {
  [ -n "${LIBCLANG_PATH:-}" ] && return
  { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null || true; } | grep -q 'libclang[-.0-9]*\.so' && return
  compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' | grep -qv 'libclang-cpp' && return
  have xcrun && return
  return 1
}

# A line for each missing thing: the Debian packages, the Homebrew packages, and why.
missing=()
verilator_found || missing+=("verilator|verilator|Verilator 5.006 or newer turns the SystemVerilog into C++")
if ! compiler_found; then
  missing+=("clang|llvm|a C++ compiler compiles what Verilator writes; clang makes the fastest models")
  have ar || missing+=("binutils|llvm|ar packs the compiled models")
fi
libclang_found || missing+=("libclang-dev|llvm|bindgen reads the models' C interface through libclang")
if have apt-get && compiler_found && ! echo '#include <vector>' | c++ -x c++ -fsyntax-only - 2>/dev/null; then
  missing+=("g++|llvm|the C++ standard library's headers")
fi
if $ci && ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
  missing+=("python3-venv|python|the newest Verilator comes as a Python package")
fi

if [ ${#missing[@]} -gt 0 ]; then
  apt=() brew=()
  for entry in "${missing[@]}"; do
    IFS='|' read -r deb formula why <<<"$entry"
    say "$deb is missing: $why"
    apt+=("$deb") brew+=("$formula")
  done
  # Debian's clang does not bring the headers of the C++ standard library.
  [[ " ${apt[*]} " == *" clang "* ]] && apt+=(libstdc++-12-dev)
  if [ "$(uname)" = Darwin ]; then
    command=(brew install $(printf '%s\n' "${brew[@]}" | sort -u))
    have brew || { say "Homebrew is missing (https://brew.sh); then run: ${command[*]}"; exit 1; }
    say "running: ${command[*]}"
    "${command[@]}" >&2
  elif have apt-get; then
    if [ "${apt[*]}" != "${apt[*]/libstdc++-12-dev/}" ] && ! apt-cache show libstdc++-12-dev >/dev/null 2>&1; then
      apt=("${apt[@]/libstdc++-12-dev/g++}")
    fi
    sudo=()
    if [ "$(id -u)" != 0 ]; then
      if have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        sudo=(sudo)
      else
        say "no rights to install; have this run by root: apt-get update && apt-get install -y --no-install-recommends ${apt[*]}"
        exit 1
      fi
    fi
    say "running: ${sudo[*]} apt-get install ${apt[*]}"
    "${sudo[@]}" apt-get update -qq >&2
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${apt[@]}" >&2
  else
    say "this system has neither apt-get nor Homebrew; install by hand: ${apt[*]} (names of Debian's packages)"
    exit 1
  fi
fi

if $ci && ! cargo nextest --version >/dev/null 2>&1; then
  say "cargo-nextest is missing: it writes the JUnit report; running: cargo install cargo-nextest"
  cargo install cargo-nextest --locked --quiet >&2
fi
