// SPDX-License-Identifier: MIT OR Apache-2.0
// A trap undoes nothing that came before it and lets nothing happen that comes behind: each kind of
// instruction in the shadow of loads, stores and others that trap.
#include "test.h"
#include "conv_approx.h"

#define NOWHERE 0x40000000

  // A store, an instruction that traps, four of a kind in its shadow. a0, a3 to a5, mscratch, mtvec,
  // the unit's configuration and `area` are watched.
  .macro SHADOW number, traps, cause, behind
  CASE \number
  li a0, 0x100
  la a1, area
  li a2, NOWHERE
  li a3, 0x333
  li a4, 0x444
  li a5, 0x555
  li a6, RAM_BASE + RAM_BYTES
  sw a3, 0(a1)
  csrw mscratch, a4
  la tp, 2f
  addi a0, a0, 1
  sw a0, 4(a1)
1:
  \traps
  .rept 4
  \behind
  .endr
  j fail
2:
  // Multiplier and divider begin afresh.
  li t5, 1000
  li t6, 7
  divu t5, t5, t6
  EXPECT t5, 142
  li t5, 0x80000000
  li t6, 6
  mulhu t5, t5, t6
  EXPECT t5, 3
  EXPECT s9, \cause
  EXPECT_ADDRESS s10, 1b
  EXPECT a0, 0x101
  EXPECT a3, 0x333
  EXPECT a4, 0x444
  EXPECT a5, 0x555
  EXPECT_CSR mscratch, 0x444
  EXPECT_WORD area, 0x333
  EXPECT_WORD area + 4, 0x101
  EXPECT_ADDRESS_CSR mtvec, test_trap
  li t5, 9
  CONV_READ t5, t5
  EXPECT t5, 0
  li t5, 8
  CONV_READ t5, t5
  EXPECT t5, 0
  .endm

  .macro SHADOWS number, traps, cause
  SHADOW \number + 0, "\traps", \cause, "addi a0, a0, 1"
  SHADOW \number + 1, "\traps", \cause, "sw a0, 0(a1)"
  SHADOW \number + 2, "\traps", \cause, "sb a0, 1(a1)"
  SHADOW \number + 3, "\traps", \cause, "sw a0, 3(a1)"
  SHADOW \number + 4, "\traps", \cause, "lw a3, 4(a1)"
  SHADOW \number + 5, "\traps", \cause, "csrw mscratch, a3"
  SHADOW \number + 6, "\traps", \cause, "csrw mtvec, zero"
  SHADOW \number + 7, "\traps", \cause, "mul a4, a4, a4"
  SHADOW \number + 8, "\traps", \cause, "divu a4, a4, a3"
  SHADOW \number + 9, "\traps", \cause, "mulh a5, a4, a4"
  SHADOW \number + 10, "\traps", \cause, "jal a3, fail"
  SHADOW \number + 11, "\traps", \cause, "beq a0, a0, fail"
  SHADOW \number + 12, "\traps", \cause, "bne a0, a0, fail"
  SHADOW \number + 13, "\traps", \cause, "jalr a4, 0(a1)"
  SHADOW \number + 14, "\traps", \cause, "ebreak"
  SHADOW \number + 15, "\traps", \cause, "lw a4, 0(a2)"
  SHADOW \number + 16, "\traps", \cause, "sw a4, 0(a2)"
  SHADOW \number + 17, "\traps", \cause, ".word 0xffffffff"
  SHADOW \number + 18, "\traps", \cause, "mret"
  SHADOW \number + 19, "\traps", \cause, "wfi"
  SHADOW \number + 20, "\traps", \cause, "fence.i"
  SHADOW \number + 21, "\traps", \cause, "CONV_CONFIG a4, a0, a3"
  SHADOW \number + 22, "\traps", \cause, "CONV_LOAD a4, a0, a1"
  .endm

  TEST_BEGIN
  SHADOWS 100, "lw a5, 0(a2)", CAUSE_LOAD_ACCESS
  SHADOWS 200, "sw a5, 0(a2)", CAUSE_STORE_ACCESS
  SHADOWS 300, "lw a5, -2(a2)", CAUSE_LOAD_ACCESS
  // In the second half, over the end of the RAM.
  SHADOWS 350, "lw a5, -2(a6)", CAUSE_LOAD_ACCESS
  SHADOWS 400, "ecall", CAUSE_ECALL_M
  SHADOWS 500, ".word 0xffffffff", CAUSE_ILLEGAL
  SHADOWS 550, "sw a5, -2(a6)", CAUSE_STORE_ACCESS
  SHADOWS 600, "csrrw a5, mhartid, a0", CAUSE_ILLEGAL

  TEST_END

  .data
  .balign 4
area:
  .word 0, 0x777
