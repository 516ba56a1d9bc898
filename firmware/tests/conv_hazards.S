// SPDX-License-Identifier: MIT OR Apache-2.0
// The conv instructions in the pipeline: operands from and results into the instructions beside them,
// in the shadow of jumps, to x0.
#include "test.h"
#include "conv_approx.h"

  TEST_BEGIN
  // Its words are integers.
  li a0, 38 // CONV_FLOAT
  CONV_READ a0, a0
  bnez a0, integers_only
  la a1, words
  li a2, 1
  // A kernel 1×1 of 3, so that a run multiplies by 3.
  CONV_LOAD a0, a2, a1
  EXPECT a0, 0
  CONV_CONFIG a0, zero, zero
  EXPECT a0, 0

  // rs2 of conv.run from a sum, a load, a product, a CSR, a quotient, directly before.
  CASE 1
  li a2, 0
  addi a2, a1, 4
  CONV_RUN a0, zero, a2
  EXPECT a0, 21
  CASE 2
  li a2, 0
  lw a2, 12(a1)
  CONV_RUN a0, zero, a2
  EXPECT a0, 33
  CASE 3
  li a3, 1
  li a2, 0
  mul a2, a1, a3
  CONV_RUN a0, zero, a2
  EXPECT a0, 9
  CASE 4
  csrw mscratch, a1
  li a2, 0
  csrr a2, mscratch
  CONV_RUN a0, zero, a2
  EXPECT a0, 9
  CASE 5
  li a2, 0
  divu a2, a1, a3
  CONV_RUN a0, zero, a2
  EXPECT a0, 9

  // rd into a sum, an address, a store, a branch, a multiplication, a CSR, directly behind.
  CASE 11
  addi a2, a1, 4
  CONV_RUN a0, zero, a2
  addi a0, a0, 1
  EXPECT a0, 22
  CASE 12
  // 3 · 4 is an offset.
  addi a2, a1, 16
  CONV_RUN a0, zero, a2
  add a0, a0, a1
  lw a3, 0(a0)
  EXPECT_ADDRESS a3, words + 28
  CASE 13
  addi a2, a1, 4
  CONV_RUN a0, zero, a2
  sw a0, 20(a1)
  lw a3, 20(a1)
  EXPECT a3, 21
  CASE 14
  li a3, 21
  CONV_RUN a0, zero, a2
  bne a0, a3, fail
  CONV_RUN a0, zero, a2
  beq a3, a0, 1f
  j fail
1:
  CASE 15
  CONV_RUN a0, zero, a2
  mul a0, a0, a0
  EXPECT a0, 441
  CASE 16
  CONV_RUN a0, zero, a2
  csrrw a0, mscratch, a0
  csrr a0, mscratch
  EXPECT a0, 21
  CASE 17
  CONV_RUN a0, zero, a2
  divu a0, a0, a0
  EXPECT a0, 1
  // Into the next conv instruction: as an index, as a configuration.
  CASE 18
  addi a2, a1, 24
  CONV_RUN a0, zero, a2
  CONV_READ a0, a0
  // Index 3·3 = 9 is the configuration, 0.
  EXPECT a0, 0
  li a0, 1
  CONV_CONFIG a0, a0, zero
  CONV_READ a3, a0
  EXPECT a0, 0
  EXPECT a3, 9
  li a0, 9
  CONV_READ a0, a0
  EXPECT a0, 1
  CONV_CONFIG zero, zero, zero

  // To x0; operands x0.
  CASE 21
  CONV_RUN zero, zero, a2
  add a0, zero, zero
  EXPECT a0, 0
  CONV_AGAIN a0, zero
  EXPECT a0, 9
  CONV_READ a0, zero
  EXPECT a0, 9
  CONV_READ zero, zero
  EXPECT zero, 0

  // A result that is overwritten at once; a load of the same rd before.
  CASE 22
  CONV_RUN a0, zero, a2
  li a0, 5
  EXPECT a0, 5
  lw a0, 0(a1)
  CONV_RUN a0, zero, a2
  EXPECT a0, 9
  CONV_RUN a0, zero, a2
  lw a0, 0(a1)
  EXPECT a0, 3

  // rd that is rs2 too.
  CASE 23
  mv a0, a2
  CONV_RUN a0, zero, a0
  EXPECT a0, 9

  // Not executed: behind a jump, a taken branch, a trap, a return.
  CASE 31
  li a3, 1
  j 1f
  CONV_CONFIG a0, a3, a3
1:
  beqz zero, 1f
  CONV_CONFIG a0, a3, a3
1:
  la a4, 1f
  jr a4
  CONV_CONFIG a0, a3, a3
1:
  la a4, 1f
  csrw mepc, a4
  mret
  CONV_CONFIG a0, a3, a3
1:
  la tp, 1f
  ecall
  CONV_CONFIG a0, a3, a3
1:
  fence.i
  li a0, 9
  CONV_READ a0, a0
  EXPECT a0, 0
  // Executed: behind a branch that is not taken, and as the target of one.
  CASE 32
  bnez zero, fail
  CONV_CONFIG a0, a3, a3
  EXPECT a0, 0
  beqz zero, 1f
  j fail
1:
  CONV_CONFIG a0, zero, zero
  EXPECT a0, 1

  // Across two words.
  CASE 33
  .option push
  .option rvc
  ALIGN
  c.nop
  CONV_RUN a0, zero, a2
  c.mv a3, a0
  CONV_AGAIN a4, zero
  c.add a3, a4
  ALIGN
  .option pop
  EXPECT a3, 18

  // One behind the other.
  CASE 34
  li s0, 1
  addi a3, a1, 4
  CONV_RUN a4, zero, a2
  CONV_RUN a5, zero, a3
  CONV_AGAIN a6, zero
  CONV_RUN a7, zero, a2
  CONV_LOAD a0, s0, a3
  EXPECT a4, 9
  EXPECT a5, 21
  EXPECT a6, 21
  EXPECT a7, 9
  EXPECT a0, 0
  CONV_RUN a0, zero, a2
  EXPECT a0, 21

integers_only:
  TEST_END

  .data
  .balign 4
words:
  .word 3, 7, 5, words + 28, 4, 0, 3, 11
