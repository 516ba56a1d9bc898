// SPDX-License-Identifier: MIT OR Apache-2.0
// A timer interrupt in every cycle of a piece of code with instructions of all kinds, those that trap
// among them: whenever it comes, the code does what it does without.
#include "test.h"
#include "conv_approx.h"

#define NOWHERE 0x40000000

  TEST_BEGIN
  li s0, MTIME
  li s1, MTIMECMP
  la a0, handler
  csrw mtvec, a0
  li s8, 0

  // Without an interrupt: the result, the traps, the time it takes.
  CASE 1
  lw s2, 0(s0)
  jal ra, piece
  lw s3, 0(s0)
  sub s3, s3, s2
  mv s4, a0
  mv s5, s7
  // Causes 11, 5, 7, 5, 7, 2, 5, 3, four bits each.
  EXPECT s7, 0xb5757253
  EXPECT s8, 0

  // Interrupts `s2` cycles from now on, up to the end of the piece, at 256 times at least if it is as
  // long as that.
  CASE 2
  srli s6, s3, 8
  addi s6, s6, 1
  li a0, 1 << IRQ_TIMER
  csrw mie, a0
  csrsi mstatus, MSTATUS_MIE
  li s2, 0
1:
  lw a0, 0(s0)
  add a0, a0, s2
  sw a0, 0(s1)
  sw zero, 4(s1)
  jal ra, piece
  bne a0, s4, fail
  bne s7, s5, fail
  EXPECT_CSR mstatus, 0x1888
  li a0, -1
  sw a0, 4(s1)
  add s2, s2, s6
  bleu s2, s3, 1b
  csrw mie, zero

  // Nearly all of them came in time.
  CASE 3
  divu a0, s3, s6
  srli a0, a0, 1
  bltu s8, a0, fail

  TEST_END

  // A result in a0 of nearly everything. Leaves ra, sp, gp, s0 to s6.
  ALIGN
piece:
  li s7, 0
  la a1, area
  li a2, 0x12345
  sw a2, 0(a1)
  lw a0, 0(a1)
  addi a0, a0, 7
  sw a0, 4(a1)
  lw a3, 4(a1)
  mul a0, a3, a2
  mulh a4, a0, a3
  xor a0, a0, a4
  sw a0, 5(a1)
  lh a5, 7(a1)
  add a0, a0, a5
  divu a4, a0, a3
  rem a5, a0, a2
  csrrw zero, mscratch, a4
  csrrs a4, mscratch, a5
  add a0, a0, a4
  csrr a4, mscratch
  xor a0, a0, a4

  li a6, 4
1:
  addi a6, a6, -1
  slli a4, a0, 3
  add a0, a0, a4
  bnez a6, 1b
  jal t0, 2f
1:
  xori a0, a0, 0x55
  j 3f
2:
  addi a0, a0, 1
  jalr t1, 0(t0)
3:
  beq t0, t1, 4f
  addi a0, a0, 2
4:

  // Traps, behind loads and stores and before them.
  li a7, NOWHERE
  li t3, RAM_BASE + RAM_BYTES
  ecall
  lw a4, 0(a1)
  lw a2, 0(a7)
  add a0, a0, a2
  sw a0, 8(a1)
  sw a0, 0(a7)
  lw a4, 8(a1)
  add a0, a0, a4
  lw a2, -2(t3)
  mul a0, a0, a2
  sw a2, -2(t3)
  .word 0xffffffff
  div a4, a0, a2
  add a0, a0, a4

  // The unit.
  li a3, 1
  CONV_LOAD a4, a3, a1
  CONV_CONFIG a4, x0, x0
  addi a5, a1, 4
  CONV_RUN a4, a3, a5
  add a0, a0, a4
  CONV_RUN a4, a3, a7
  add a0, a0, a4
  CONV_RUN a4, a3, a1
  CONV_AGAIN a5, x0
  add a0, a0, a4
  sub a0, a0, a5

  .option push
  .option rvc
  c.nop
  c.lw a4, 0(a1)
  c.add a0, a4
  c.sw a0, 8(a1)
  fence.i
  c.lw a5, 8(a1)
  c.slli a5, 1
  c.xor a0, a5
  fence
  ALIGN
  .option pop
  ebreak
  ret

  // Adds the cause of an exception to s7 and steps over its instruction; counts interrupts in s8.
  ALIGN
handler:
  csrr t5, mcause
  bltz t5, 1f
  slli s7, s7, 4
  or s7, s7, t5
  csrr t5, mepc
  addi t5, t5, 4
  csrw mepc, t5
  mret
1:
  addi s8, s8, 1
  // Multiplier and divider have not begun what the interrupt came before: the least of it would carry.
  li t5, 0x10000
  li t6, 0xffff
  mulhu t5, t5, t6
  EXPECT t5, 0
  li t5, 1000
  li t6, 7
  remu t5, t5, t6
  EXPECT t5, 6
  li t5, -1
  sw t5, 4(s1)
2:
  csrr t5, mip
  bnez t5, 2b
  mret

  .bss
  .balign 4
area:
  .skip 16
