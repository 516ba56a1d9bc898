#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Lints the RTL with all of Verilator's warnings, in several parameter sets; waivers, with their
# reasons, are in rtl/waivers.vlt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

verilator="${VERILATOR:-${VERILATOR_ROOT:+$VERILATOR_ROOT/bin/}verilator}"
# Packages come first.
fpu=(rtl/fpu/fpu_pkg.sv)
for file in rtl/fpu/*.sv; do
  [ "$file" = "${fpu[0]}" ] || fpu+=("$file")
done
# With the FPU, of which a unit for floats has parts.
unit=("${fpu[@]}" rtl/conv_approx/conv_approx_pkg.sv)
for file in rtl/conv_approx/*.sv; do
  [[ "$file" = *_pkg.sv ]] || unit+=("$file")
done
core=(rtl/core/core_pkg.sv)
for file in rtl/core/*.sv; do
  [[ "$file" = *_pkg.sv ]] || core+=("$file")
done

for kernel in 1 3 5 7; do
  for log_frac in 0 3 8; do
    for multipliers in 1 2 $((4 * kernel * kernel)); do
      for mem_width in 32 128; do
        # One slot; a number of slots that is no power of two, with each narrower operand in turn;
        # without counters; with log planes.
        for rest in "1 32 1 0" "5 32 1 1" "1 16 1 1" "5 8 0 0" "3 8 1 1"; do
          read -r kernels operand_w counters planes <<<"$rest"
          "$verilator" --lint-only -Wall rtl/waivers.vlt "${unit[@]}" --top-module conv_unit \
            "-GKERNEL=$kernel" "-GLOG_FRAC=$log_frac" "-GMULTIPLIERS=$multipliers" \
            "-GMEM_WIDTH=$mem_width" "-GKERNELS=$kernels" "-GOPERAND_W=$operand_w" \
            "-GCOUNTERS=$counters" "-GPLANES=$planes" >/dev/null
        done
      done
    done
  done
done

# Floats.
for kernel in 1 3 5 7; do
  for log_frac in 0 3 6; do
    for multipliers in 1 2 4; do
      for rest in "32 1 32 1" "128 5 16 0" "128 16 32 1"; do
        read -r mem_width kernels operand_w counters <<<"$rest"
        "$verilator" --lint-only -Wall rtl/waivers.vlt "${unit[@]}" --top-module conv_unit \
          "-GKERNEL=$kernel" "-GLOG_FRAC=$log_frac" "-GMULTIPLIERS=$multipliers" \
          "-GMEM_WIDTH=$mem_width" "-GKERNELS=$kernels" "-GOPERAND_W=$operand_w" \
          "-GCOUNTERS=$counters" "-GFLOAT=1" >/dev/null
      done
    done
  done
done

"$verilator" --lint-only -Wall rtl/waivers.vlt "${fpu[@]}" --top-module fpu >/dev/null

for float in "1'b0" "1'b1"; do
  "$verilator" --lint-only -Wall rtl/waivers.vlt "${fpu[@]}" "${core[@]}" --top-module core \
    "-GFLOAT=$float" >/dev/null
  "$verilator" --lint-only -Wall rtl/waivers.vlt "${fpu[@]}" "${core[@]}" rtl/silicon/core_alone.sv \
    --top-module core_alone "-GFLOAT=$float" >/dev/null
  for unit_float in 0 1; do
    "$verilator" --lint-only -Wall rtl/waivers.vlt "${unit[@]}" "${core[@]}" rtl/silicon/*.sv \
      --top-module core_with_unit "-GFLOAT=$float" "-GUNIT_FLOAT=$unit_float" -GMULTIPLIERS=4 \
      >/dev/null
  done
done

soc=("${unit[@]}" "${core[@]}" rtl/soc/soc_pkg.sv)
for file in rtl/soc/*.sv; do
  [ "$file" = rtl/soc/soc_pkg.sv ] || soc+=("$file")
done
for parameters in "1 0 1 1 32 0 0 0" "3 3 36 5 16 1 0 0" "5 0 100 16 32 1 0 0" \
  "5 0 100 16 32 0 0 1" "5 3 2 16 8 0 0 0" "7 8 3 256 32 0 0 1" "5 0 4 16 32 0 1 1" \
  "3 6 1 5 16 0 1 0"; do
  read -r kernel log_frac multipliers kernels operand_w planes unit_float float <<<"$parameters"
  "$verilator" --lint-only -Wall rtl/waivers.vlt "${soc[@]}" --top-module soc \
    "-GKERNEL=$kernel" "-GLOG_FRAC=$log_frac" "-GMULTIPLIERS=$multipliers" \
    "-GKERNELS=$kernels" "-GOPERAND_W=$operand_w" "-GPLANES=$planes" \
    "-GUNIT_FLOAT=$unit_float" "-GFLOAT=1'b$float" >/dev/null
done
echo "the RTL is clean under verilator --lint-only -Wall"
