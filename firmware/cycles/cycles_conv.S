// SPDX-License-Identifier: MIT OR Apache-2.0
// Cycles of the conv instructions, with the largest kernel of the unit.
#include "cycles.h"
#include "conv_approx.h"

  // A kernel of ones (or zeros) of the largest side in slot 0; a0: side, a1: the ones, a2: T or word.
  .macro SETUP word, kernel
  li a0, 32
  CONV_READ a0, a0
  la a1, \kernel
  CONV_LOAD a2, a0, a1
  li a2, \word
  CONV_CONFIG a3, a2, a0
  la a1, ones
  CONV_RUN a3, a0, a1
  .endm

  CYCLES_BEGIN
  CLASS conv.load, 0, "SETUP 0, ones", "CONV_LOAD a2, a0, a1"
  CLASS conv.load_1, 0, "SETUP 0, ones; li a0, 1", "CONV_LOAD a2, a0, a1"
  CLASS conv.run, 0, "SETUP 3, ones", "CONV_RUN a2, a0, a1"
  CLASS conv.run_2x2, 0, "SETUP 11, ones", "CONV_RUN a2, a0, a1"
  CLASS conv.run_2x2_none_kept, 0, "SETUP 11, nothing", "CONV_RUN a2, a0, a1"
  CLASS conv.again, 0, "SETUP 3, ones", "CONV_AGAIN a2, x0"
  CLASS conv.again_2x2, 0, "SETUP 11, ones", "CONV_AGAIN a2, x0"
  CLASS conv.again_2x2_none_kept, 0, "SETUP 11, nothing", "CONV_AGAIN a2, x0"
  CLASS conv.read, 0, "SETUP 0, ones", "CONV_READ a2, x0"
  CLASS conv.read_counter, 0, "SETUP 0, ones; li a3, 21", "CONV_READ a2, a3"
  CLASS conv.config, 0, "SETUP 0, ones", "CONV_CONFIG a2, x0, x0"
  CLASS conv.carry, 0, "SETUP 0, ones", "CONV_CARRY a2, x0, x0"
  CLASS conv.clear, 0, "SETUP 0, ones", "CONV_CLEAR a2"
  // The result into the next instruction; behind a load and a store; the operand from a load.
  CLASS conv.again_use, 1, "SETUP 3, ones", "CONV_AGAIN a2, x0; add a2, a2, a2"
  CLASS conv.run_behind_load, 1, "SETUP 3, ones; la a5, area", "lw a4, 0(a5); CONV_RUN a2, a0, a1"
  CLASS conv.run_behind_store, 1, "SETUP 3, ones; la a5, area", "sw a4, 0(a5); CONV_RUN a2, a0, a1"
  CLASS conv.read_behind_load, 1, "SETUP 3, ones; la a5, area", "lw a4, 0(a5); CONV_READ a2, x0"
  CYCLES_END

  .data
  .balign 4
ones:
  .rept 64
  .word 1
  .endr
nothing:
  .rept 64
  .word 0
  .endr
