// Cycles of the conv instructions, with the largest kernel of the unit.
#include "cycles.h"

  .macro LOAD rd, rs1, rs2
  .insn r 0x77, 0, 0, \rd, \rs1, \rs2
  .endm
  .macro RUN rd, rs1, rs2
  .insn r 0x77, 1, 0, \rd, \rs1, \rs2
  .endm
  .macro AGAIN rd, rs1
  .insn r 0x77, 2, 0, \rd, \rs1, x0
  .endm
  .macro READ rd, rs1
  .insn r 0x77, 3, 0, \rd, \rs1, x0
  .endm
  .macro CONFIG rd, rs1, rs2
  .insn r 0x77, 4, 0, \rd, \rs1, \rs2
  .endm
  .macro CARRY rd, rs1, rs2
  .insn r 0x77, 5, 0, \rd, \rs1, \rs2
  .endm
  .macro CLEAR rd
  .insn r 0x77, 6, 0, \rd, x0, x0
  .endm

  // A kernel of ones (or zeros) of the largest side in slot 0; a0: side, a1: the ones, a2: T or word.
  .macro SETUP word, kernel
  li a0, 32
  READ a0, a0
  la a1, \kernel
  LOAD a2, a0, a1
  li a2, \word
  CONFIG a3, a2, a0
  la a1, ones
  RUN a3, a0, a1
  .endm

  CYCLES_BEGIN
  CLASS conv.load, 0, "SETUP 0, ones", "LOAD a2, a0, a1"
  CLASS conv.load_1, 0, "SETUP 0, ones; li a0, 1", "LOAD a2, a0, a1"
  CLASS conv.run, 0, "SETUP 3, ones", "RUN a2, a0, a1"
  CLASS conv.run_2x2, 0, "SETUP 11, ones", "RUN a2, a0, a1"
  CLASS conv.run_2x2_none_kept, 0, "SETUP 11, nothing", "RUN a2, a0, a1"
  CLASS conv.again, 0, "SETUP 3, ones", "AGAIN a2, x0"
  CLASS conv.again_2x2, 0, "SETUP 11, ones", "AGAIN a2, x0"
  CLASS conv.again_2x2_none_kept, 0, "SETUP 11, nothing", "AGAIN a2, x0"
  CLASS conv.read, 0, "SETUP 0, ones", "READ a2, x0"
  CLASS conv.read_counter, 0, "SETUP 0, ones; li a3, 21", "READ a2, a3"
  CLASS conv.config, 0, "SETUP 0, ones", "CONFIG a2, x0, x0"
  CLASS conv.carry, 0, "SETUP 0, ones", "CARRY a2, x0, x0"
  CLASS conv.clear, 0, "SETUP 0, ones", "CLEAR a2"
  // The result into the next instruction; behind a load and a store; the operand from a load.
  CLASS conv.again_use, 1, "SETUP 3, ones", "AGAIN a2, x0; add a2, a2, a2"
  CLASS conv.run_behind_load, 1, "SETUP 3, ones; la a5, area", "lw a4, 0(a5); RUN a2, a0, a1"
  CLASS conv.run_behind_store, 1, "SETUP 3, ones; la a5, area", "sw a4, 0(a5); RUN a2, a0, a1"
  CLASS conv.read_behind_load, 1, "SETUP 3, ones; la a5, area", "lw a4, 0(a5); READ a2, x0"
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
