// SPDX-License-Identifier: MIT OR Apache-2.0
// Fetches from where there is no RAM: instruction access fault, mtval the part that failed.
#include "test.h"

#define RAM_END (RAM_BASE + RAM_BYTES)

  // A jump there. The link is written: the jump itself succeeds.
  .macro JUMP number, target, pc, value
  CASE \number
  la tp, 2f
  li a0, \target
  jalr a1, 0(a0)
1:
  j fail
2:
  EXPECT s9, CAUSE_INSTR_ACCESS
  EXPECT s10, \pc
  EXPECT s11, \value
  EXPECT_ADDRESS a1, 1b
  .endm

  TEST_BEGIN

  JUMP 1, 0x40000000, 0x40000000, 0x40000000
  JUMP 2, 0x40000002, 0x40000002, 0x40000002
  JUMP 3, 0x40000003, 0x40000002, 0x40000002
  JUMP 4, 0, 0, 0
  JUMP 5, 0xfffffffe, 0xfffffffe, 0xfffffffe
  JUMP 6, RAM_BASE - 2, RAM_BASE - 2, RAM_BASE - 2
  JUMP 7, RAM_END, RAM_END, RAM_END
  JUMP 8, RAM_END + 2, RAM_END + 2, RAM_END + 2
  // Devices hold no instructions.
  JUMP 9, MSIP, MSIP, MSIP
  JUMP 10, MTIME, MTIME, MTIME
  JUMP 11, UART, UART, UART
  JUMP 12, EXTERNAL_IRQ, EXTERNAL_IRQ, EXTERNAL_IRQ

  // Of 32 bits in the last halfword of the RAM: the second half fails.
  CASE 21
  li a2, RAM_END
  li a3, 0x00130001
  sw a3, -4(a2)
  fence.i
  JUMP 21, RAM_END - 2, RAM_END - 2, RAM_END
  // Even if no such instruction exists: the fault goes first.
  li a3, 0xffff0001
  sw a3, -4(a2)
  fence.i
  JUMP 22, RAM_END - 2, RAM_END - 2, RAM_END
  JUMP 23, RAM_END - 4, RAM_END - 2, RAM_END
  // An illegal one of 16 bits there is illegal.
  CASE 24
  la tp, 2f
  li a3, 0x00000001
  sw a3, -4(a2)
  fence.i
  jalr zero, -2(a2)
  j fail
2:
  EXPECT s9, CAUSE_ILLEGAL
  EXPECT s10, RAM_END - 2
  EXPECT s11, 0

  // Over the end: the last instruction of the RAM is executed.
  CASE 31
  li a4, 0
  li a3, 0x07050001
  sw a3, -4(a2)
  fence.i
  // c.nop; c.addi a4, 1
  JUMP 31, RAM_END - 4, RAM_END, RAM_END
  EXPECT a4, 1
  CASE 32
  // addi a4, a4, 2
  li a3, 0x00270713
  sw a3, -4(a2)
  fence.i
  JUMP 32, RAM_END - 4, RAM_END, RAM_END
  EXPECT a4, 3

  // By a branch, by jal and by mret.
  CASE 41
  li a2, RAM_END - 4
  // c.nop; c.j .+4
  li a3, 0xa0110001
  sw a3, 0(a2)
  fence.i
  JUMP 41, RAM_END - 4, RAM_END + 2, RAM_END + 2
  // beq x0, x0, .+8
  li a3, 0x00000463
  sw a3, 0(a2)
  fence.i
  JUMP 42, RAM_END - 4, RAM_END + 4, RAM_END + 4
  // bne x0, x0, .+8 falls through.
  li a3, 0x00001463
  sw a3, 0(a2)
  fence.i
  JUMP 43, RAM_END - 4, RAM_END, RAM_END
  // jal x0, .+12
  li a3, 0x00c0006f
  sw a3, 0(a2)
  fence.i
  JUMP 44, RAM_END - 4, RAM_END + 8, RAM_END + 8
  CASE 45
  la tp, 2f
  li a0, 0x40000002
  csrw mepc, a0
  mret
  j fail
2:
  EXPECT s9, CAUSE_INSTR_ACCESS
  EXPECT s10, 0x40000002
  EXPECT s11, 0x40000002

  // What is fetched ahead and not executed does not trap: jumps and traps in the last words.
  CASE 51
  li a3, 0x00008067
  sw a3, 0(a2)
  fence.i
  li a4, 20
1:
  jalr ra, 0(a2)
  addi a4, a4, -1
  bnez a4, 1b
  CASE 52
  la tp, 2f
  li a3, 0x00000073
  sw a3, 0(a2)
  fence.i
  jr a2
2:
  EXPECT s9, CAUSE_ECALL_M
  EXPECT s10, RAM_END - 4
  // A branch to nowhere that is not taken; one over a jump to nowhere.
  CASE 53
  li a4, 0
  li a0, 0x40000000
  j 1f
  jr a0
1:
  bnez a4, 2f
  beqz a4, 1f
2:
  jr a0
1:
  EXPECT a4, 0

  TEST_END
