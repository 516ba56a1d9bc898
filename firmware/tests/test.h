/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// Macros of the tests in assembly. A test is a sequence of numbered cases; the number of the first one
// that fails goes to tohost. The macros own four registers and take two more as scratch:
//
//   gp   number of the case            s9, s10, s11   mcause, mepc, mtval of the last trap
//   tp   where to go on after the trap that is expected; 0: none is
//   t5, t6   scratch of the macros
//
// Instructions are assembled to 32 bits and left alone by the linker unless a test says otherwise.
#include "soc.h"

  .option norvc
  .option norelax

  // To a multiple of 4. The assembler takes it for granted where it does not expect compressed ones.
  .macro ALIGN
  .option push
  .option rvc
  .balign 4
  .option pop
  .endm

  // An instruction in its form of 16 bits.
  .macro COMPRESSED operation:vararg
  .option push
  .option rvc
  \operation
  .option pop
  .endm

  // First line of a test.
  .macro TEST_BEGIN
  .text
  .globl main
main:
  li gp, 0
  li tp, 0
  la t6, test_trap
  csrw mtvec, t6
  .endm

  // Last line of its code.
  .macro TEST_END
  li a0, 0
  j exit
fail:
  mv a0, gp
  j exit
  // The vector of the test: goes on at tp, by mret.
  ALIGN
test_trap:
  csrr s9, mcause
  csrr s10, mepc
  csrr s11, mtval
  beqz tp, fail
  csrw mepc, tp
  li tp, 0
  mret
  .endm

  .macro CASE number
  li gp, \number
  .endm

  .macro EXPECT register, value
  li t6, \value
  bne \register, t6, fail
  .endm

  .macro EXPECT_ADDRESS register, label
  la t6, \label
  bne \register, t6, fail
  .endm

  .macro EXPECT_WORD label, value
  la t5, \label
  lw t5, 0(t5)
  EXPECT t5, \value
  .endm

  .macro EXPECT_CSR csr, value
  csrr t5, \csr
  EXPECT t5, \value
  .endm

  .macro EXPECT_ADDRESS_CSR csr, label
  csrr t5, \csr
  EXPECT_ADDRESS t5, \label
  .endm

  // Around one instruction that must trap; checks mcause, mepc and mtval.
  .macro TRAPS number
  CASE \number
  la tp, 99f
98:
  .endm
  .macro TRAPPED cause, value
  j fail
99:
  EXPECT s9, \cause
  EXPECT_ADDRESS s10, 98b
  EXPECT s11, \value
  .endm
  .macro TRAPPED_AT cause, label
  j fail
99:
  EXPECT s9, \cause
  EXPECT_ADDRESS s10, 98b
  EXPECT_ADDRESS s11, \label
  .endm

  // An operation on two registers: to a third one, to either operand, to x0.
  .macro OPERATION number, operation, expected, a, b
  CASE \number
  li a1, \a
  li a2, \b
  \operation a0, a1, a2
  EXPECT a0, \expected
  EXPECT a1, \a
  EXPECT a2, \b
  \operation a1, a1, a2
  EXPECT a1, \expected
  li a1, \a
  \operation a2, a1, a2
  EXPECT a2, \expected
  li a2, \b
  \operation zero, a1, a2
  EXPECT zero, 0
  .endm

  // An operation on a register and an immediate: to another one, to the operand, to x0.
  .macro IMMEDIATE number, operation, expected, a, immediate
  CASE \number
  li a1, \a
  \operation a0, a1, \immediate
  EXPECT a0, \expected
  EXPECT a1, \a
  \operation a1, a1, \immediate
  EXPECT a1, \expected
  li a1, \a
  \operation zero, a1, \immediate
  EXPECT zero, 0
  .endm
