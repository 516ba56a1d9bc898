// SPDX-License-Identifier: MIT OR Apache-2.0
// minstret and mcycle: what counts, what writing them does, their upper halves, mcountinhibit.
#include "test.h"

  // The instructions between two readings of minstret, the second one apart.
  .macro COUNTED number, expected, instructions
  CASE \number
  csrr a0, minstret
  \instructions
  csrr a1, minstret
  sub a1, a1, a0
  EXPECT a1, 1 + \expected
  .endm

  // low <= value <= high, without sign.
  .macro EXPECT_WITHIN register, low, high
  li t6, \low
  bltu \register, t6, fail
  li t6, \high
  bgtu \register, t6, fail
  .endm

  TEST_BEGIN
  la s0, word

  COUNTED 1, 0
  COUNTED 2, 1, "nop"
  COUNTED 3, 3, "nop; nop; nop"
  COUNTED 4, 4, "lw a2, 0(s0); addi a2, a2, 1; sw a2, 0(s0); lw a2, 1(s0)"
  COUNTED 5, 3, "mul a2, s0, s0; mulh a2, s0, s0; divu a2, s0, a2"
  COUNTED 6, 2, "fence; fence.i"
  // Of branches and jumps only those that are executed.
  COUNTED 7, 3, "beqz zero, 1f; nop; nop; 1: bnez zero, 2f; j 2f; nop; 2:"
  COUNTED 8, 4, ".option rvc; c.nop; c.li a2, 1; c.mv a3, a2; c.nop; .option norvc"
  // Reading counters, and writing other CSRs.
  COUNTED 9, 3, "csrr a2, mcycle; csrw mscratch, a2; csrr a3, minstreth"
  // wfi with an interrupt pending that is not enabled in mstatus.
  CASE 10
  li a3, MSIP
  li a4, 1
  sw a4, 0(a3)
1:
  csrr a5, mip
  andi a5, a5, 1 << IRQ_SOFTWARE
  beqz a5, 1b
  csrsi mie, 1 << IRQ_SOFTWARE
  COUNTED 10, 1, "wfi"
  sw zero, 0(a3)
  csrw mie, zero

  // An instruction that traps does not count; the eight of the handler do.
  CASE 11
  la tp, 1f
  csrr a0, minstret
  ecall
1:
  csrr a1, minstret
  sub a1, a1, a0
  EXPECT a1, 8
  CASE 12
  la tp, 1f
  csrr a0, minstret
  .half 0
1:
  csrr a1, minstret
  sub a1, a1, a0
  EXPECT a1, 8
  CASE 13
  li a2, 0x40000000
  la tp, 1f
  csrr a0, minstret
  lw a2, 0(a2)
1:
  csrr a1, minstret
  sub a1, a1, a0
  EXPECT a1, 8

  // What is written is what the next instruction reads: the writer does not count itself.
  CASE 21
  li a0, 1000
  csrw minstret, a0
  csrr a1, minstret
  csrr a2, minstret
  EXPECT a1, 1000
  EXPECT a2, 1001
  CASE 22
  csrw minstret, a0
  nop
  nop
  csrr a1, minstret
  EXPECT a1, 1002
  // Set and clear are writes too.
  CASE 23
  li a1, 0x10000
  csrrs a2, minstret, a1
  csrr a3, minstret
  or a2, a2, a1
  bne a2, a3, fail
  // The upper half is a write of the same counter.
  CASE 24
  csrr a2, minstret
  csrwi minstreth, 7
  csrr a3, minstret
  csrr a4, minstreth
  // The read of a2 itself counts, the write does not.
  addi a2, a2, 1
  bne a2, a3, fail
  EXPECT a4, 7
  // A reading without a write counts.
  CASE 25
  csrr a2, minstret
  csrrs a3, minstret, zero
  addi a2, a2, 1
  bne a2, a3, fail

  // From the lower to the upper half.
  CASE 26
  li a0, -2
  csrwi minstreth, 5
  csrw minstret, a0
  csrr a1, minstreth
  csrr a2, minstreth
  csrr a3, minstreth
  csrr a4, minstret
  EXPECT a1, 5
  EXPECT a2, 5
  EXPECT a3, 6
  EXPECT a4, 1
  // And out of it.
  CASE 27
  csrwi minstreth, 0
  csrci minstreth, 0
  li a0, -1
  csrw minstreth, a0
  csrw minstret, a0
  nop
  csrr a1, minstret
  csrr a2, minstreth
  EXPECT a1, 0
  EXPECT a2, 0

  // The read-only shadows.
  CASE 28
  csrwi minstreth, 9
  csrr a0, minstret
  csrr a1, instret
  csrr a2, instreth
  sub a1, a1, a0
  EXPECT a1, 1
  EXPECT a2, 9

  // Inhibited: the instruction that starts it still counts, the one that ends it does not.
  CASE 31
  csrr a0, minstret
  csrwi mcountinhibit, 4
  nop
  nop
  csrr a1, minstret
  nop
  csrwi mcountinhibit, 0
  csrr a2, minstret
  nop
  csrr a3, minstret
  sub a1, a1, a0
  sub a2, a2, a0
  sub a3, a3, a0
  EXPECT a1, 2
  EXPECT a2, 2
  EXPECT a3, 4

  // Cycles go on: strictly from one reading to the next, in both names, and at least one an
  // instruction.
  CASE 41
  csrr a0, mcycle
  csrr a1, cycle
  csrr a2, mcycle
  sub a1, a1, a0
  sub a2, a2, a0
  EXPECT_WITHIN a1, 1, 1000
  EXPECT_WITHIN a2, 2, 1000
  bgeu a1, a2, fail
  CASE 42
  csrr a0, mcycle
  .rept 20
  nop
  .endr
  csrr a1, mcycle
  sub a1, a1, a0
  EXPECT_WITHIN a1, 21, 2000

  // They go on from what is written.
  CASE 43
  li a0, 5000
  csrwi mcycleh, 3
  csrw mcycle, a0
  csrr a1, mcycle
  csrr a2, mcycleh
  csrr a3, cycleh
  EXPECT_WITHIN a1, 5000, 6000
  EXPECT a2, 3
  EXPECT a3, 3
  // From the lower to the upper half.
  CASE 44
  li a0, -8
  csrw mcycle, a0
  .rept 16
  nop
  .endr
  csrr a1, mcycle
  csrr a2, mcycleh
  EXPECT_WITHIN a1, 1, 2000
  EXPECT a2, 4

  // Inhibited they stand, and the instructions do not.
  CASE 45
  csrwi mcountinhibit, 1
  csrr a0, mcycle
  csrr a3, minstret
  nop
  nop
  nop
  csrr a1, mcycle
  csrr a2, cycle
  csrr a4, minstret
  bne a0, a1, fail
  bne a0, a2, fail
  sub a4, a4, a3
  EXPECT a4, 6
  csrwi mcountinhibit, 0
  nop
  csrr a1, mcycle
  bgeu a0, a1, fail

  // mtime is a device, not a CSR.
  CASE 46
  TRAPS 46
  csrr a0, time
  TRAPPED CAUSE_ILLEGAL, 0xc0102573

  TEST_END

  .data
  .balign 4
word:
  .word 1, 2
