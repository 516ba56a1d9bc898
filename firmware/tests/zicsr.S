// SPDX-License-Identifier: MIT OR Apache-2.0
// The six CSR instructions, on mscratch and on CSRs that only read.
#include "test.h"
  TEST_BEGIN

  CASE 1
  li a0, 0xa5a5a5a5
  csrrw zero, mscratch, a0
  li a1, 0x12345678
  csrrw a2, mscratch, a1
  EXPECT a2, 0xa5a5a5a5
  EXPECT a1, 0x12345678
  csrrw a1, mscratch, a1
  EXPECT a1, 0x12345678
  csrrw a2, mscratch, zero
  EXPECT a2, 0x12345678
  EXPECT_CSR mscratch, 0

  CASE 2
  li a0, 0x0f0f0000
  csrw mscratch, a0
  li a1, 0x00ff00ff
  csrrs a2, mscratch, a1
  EXPECT a2, 0x0f0f0000
  EXPECT_CSR mscratch, 0x0fff00ff
  csrrs a1, mscratch, a1
  EXPECT a1, 0x0fff00ff
  EXPECT_CSR mscratch, 0x0fff00ff
  csrrs a2, mscratch, zero
  EXPECT a2, 0x0fff00ff

  CASE 3
  li a1, 0x00ff00f0
  csrrc a2, mscratch, a1
  EXPECT a2, 0x0fff00ff
  EXPECT_CSR mscratch, 0x0f00000f
  csrrc a1, mscratch, a1
  EXPECT a1, 0x0f00000f
  csrrc a2, mscratch, zero
  EXPECT a2, 0x0f00000f
  // A mask that is the old value.
  csrrc a2, mscratch, a2
  EXPECT a2, 0x0f00000f
  EXPECT_CSR mscratch, 0

  CASE 4
  csrrwi a2, mscratch, 21
  EXPECT a2, 0
  csrrwi a2, mscratch, 31
  EXPECT a2, 21
  csrrwi a2, mscratch, 0
  EXPECT a2, 31
  EXPECT_CSR mscratch, 0

  CASE 5
  li a0, 0xffffffe0
  csrw mscratch, a0
  csrrsi a2, mscratch, 21
  EXPECT a2, 0xffffffe0
  csrrsi a2, mscratch, 0
  EXPECT a2, 0xfffffff5
  csrrci a2, mscratch, 17
  EXPECT a2, 0xfffffff5
  csrrci a2, mscratch, 0
  EXPECT a2, 0xffffffe4

  // To x0 they write all the same.
  CASE 6
  li a1, 1
  csrrwi zero, mscratch, 8
  csrrs zero, mscratch, a1
  EXPECT_CSR mscratch, 9
  csrrc zero, mscratch, a1
  EXPECT_CSR mscratch, 8
  csrrsi zero, mscratch, 3
  csrrci zero, mscratch, 8
  EXPECT_CSR mscratch, 3

  // Without a gap: each sees the one before, and its operand from the instruction before.
  CASE 7
  li a0, 100
  csrrw a1, mscratch, a0
  csrrw a2, mscratch, a1
  csrrs a3, mscratch, a2
  csrrc a4, mscratch, a3
  csrrw a5, mscratch, a4
  csrr a6, mscratch
  addi a7, a6, 1
  // mscratch: 3 -> 100 -> 3 -> 103 -> 100 -> 103.
  EXPECT a1, 3
  EXPECT a2, 100
  EXPECT a3, 3
  EXPECT a4, 103
  EXPECT a5, 100
  EXPECT a6, 103
  EXPECT a7, 104

  // A CSR that only reads: reading by csrrs and csrrc with x0 and 0 is legal, whatever rd is.
  CASE 8
  csrrs a0, mhartid, zero
  csrrc a1, mhartid, zero
  csrrsi a2, mhartid, 0
  csrrci a3, mhartid, 0
  csrrs zero, mhartid, zero
  or a0, a0, a1
  or a0, a0, a2
  or a0, a0, a3
  EXPECT a0, 0

  // Writing is not, also of the value that is there, and then rd stays.
  li a0, 0x77
  TRAPS 9
  csrrw a0, mhartid, zero
  TRAPPED CAUSE_ILLEGAL, 0xf1401573
  TRAPS 10
  csrrw zero, mhartid, zero
  TRAPPED CAUSE_ILLEGAL, 0xf1401073
  li a1, 0
  TRAPS 11
  csrrs a0, mhartid, a1
  TRAPPED CAUSE_ILLEGAL, 0xf145a573
  TRAPS 12
  csrrc a0, mhartid, a1
  TRAPPED CAUSE_ILLEGAL, 0xf145b573
  TRAPS 13
  csrrwi a0, mhartid, 0
  TRAPPED CAUSE_ILLEGAL, 0xf1405573
  TRAPS 14
  csrrsi a0, mhartid, 1
  TRAPPED CAUSE_ILLEGAL, 0xf140e573
  TRAPS 15
  csrrci a0, mhartid, 1
  TRAPPED CAUSE_ILLEGAL, 0xf140f573
  EXPECT a0, 0x77

  TEST_END
