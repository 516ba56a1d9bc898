// SPDX-License-Identifier: MIT OR Apache-2.0
// What each CSR holds: after reset, after all ones, after all zeros, after a pattern.
#include "test.h"

  .macro HOLDS number, csr, ones, zeros, pattern, held
  CASE \number
  li a0, -1
  csrw \csr, a0
  EXPECT_CSR \csr, \ones
  csrw \csr, zero
  EXPECT_CSR \csr, \zeros
  li a0, \pattern
  csrw \csr, a0
  EXPECT_CSR \csr, \held
  .endm

  // One that takes no write: not by csrrw, nor by csrrs or csrrc.
  .macro CONSTANT number, csr, value
  CASE \number
  EXPECT_CSR \csr, \value
  li a0, -1
  csrrw a1, \csr, a0
  EXPECT a1, \value
  EXPECT_CSR \csr, \value
  csrrc a1, \csr, a0
  EXPECT_CSR \csr, \value
  csrrs a1, \csr, a0
  EXPECT_CSR \csr, \value
  csrw \csr, zero
  EXPECT_CSR \csr, \value
  .endm

  TEST_BEGIN

  // After reset. mtvec is set by now.
  CASE 1
  EXPECT_CSR mstatus, 0x1800
  EXPECT_CSR mie, 0
  EXPECT_CSR mcountinhibit, 0
  EXPECT_CSR mip, 0

  // Identity.
  CASE 2
  EXPECT_CSR mvendorid, 0
  EXPECT_CSR marchid, 0
  EXPECT_CSR mimpid, 0x434e5641
  EXPECT_CSR mhartid, 0
  EXPECT_CSR 0xf15, 0

  // No interrupt is pending, so that MIE may be set. With F, FS can be written, and SD shows it.
  csrr a2, misa
  andi a2, a2, 1 << 5
  bnez a2, 1f
  HOLDS 3, mstatus, 0x1888, 0x1800, 0x80, 0x1880
  CONSTANT 13, misa, 0x40801104
  j 2f
1:
  HOLDS 3, mstatus, 0x80007888, 0x1800, 0x80, 0x1880
  CONSTANT 13, misa, 0x40801124
2:
  CASE 4
  csrsi mstatus, 8
  EXPECT_CSR mstatus, 0x1888
  csrci mstatus, 8
  EXPECT_CSR mstatus, 0x1880
  li a0, 0x1880
  csrc mstatus, a0
  EXPECT_CSR mstatus, 0x1800

  HOLDS 5, mie, 0x888, 0, 0x5aa, 0x088
  csrw mie, zero
  HOLDS 6, mscratch, 0xffffffff, 0, 0x5aa5c33c, 0x5aa5c33c
  HOLDS 7, mepc, 0xfffffffe, 0, 0x12345677, 0x12345676
  HOLDS 8, mcause, 0x8000001f, 0, 0x8765432b, 0x8000000b
  HOLDS 9, mcause, 0x8000001f, 0, 0x7fffffeb, 0x0000000b
  HOLDS 10, mtval, 0xffffffff, 0, 0x5aa5c33c, 0x5aa5c33c
  HOLDS 11, mtvec, 0xfffffffd, 0, 0x12345677, 0x12345675
  HOLDS 12, mtvec, 0xfffffffd, 0, 0x0badc0de, 0x0badc0dc
  la a0, test_trap
  csrw mtvec, a0

  CONSTANT 14, mstatush, 0
  CONSTANT 15, mip, 0

  // All counters stop; CY, IR and 3 to 14 can be inhibited, TM is not there.
  CASE 16
  li a0, -1
  csrw mcountinhibit, a0
  EXPECT_CSR mcountinhibit, 0x7ffd
  csrw mcountinhibit, zero
  EXPECT_CSR mcountinhibit, 0
  li a0, 0x5a5a5a5a
  csrw mcountinhibit, a0
  EXPECT_CSR mcountinhibit, 0x5a58
  li a0, -1
  csrw mcountinhibit, a0

  // Stopped, they hold what is written.
  HOLDS 21, mcycle, 0xffffffff, 0, 0x5aa5c33c, 0x5aa5c33c
  HOLDS 22, mcycleh, 0xffffffff, 0, 0x5aa5c33c, 0x5aa5c33c
  HOLDS 23, minstret, 0xffffffff, 0, 0x5aa5c33c, 0x5aa5c33c
  HOLDS 24, minstreth, 0xffffffff, 0, 0x5aa5c33c, 0x5aa5c33c
  .macro COUNTER n
  HOLDS 100 + \n, mhpmcounter\n, 0xffffffff, 0, 0x01010101 * \n, 0x01010101 * \n
  HOLDS 200 + \n, mhpmcounter\n\()h, 0xffffffff, 0, 0x10101010 + \n, 0x10101010 + \n
  CONSTANT 300 + \n, mhpmevent\n, \n
  .endm
  .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
  COUNTER \n
  .endr
  // None has taken the place of another.
  .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
  CASE 400 + \n
  EXPECT_CSR mhpmcounter\n, 0x01010101 * \n
  EXPECT_CSR mhpmcounter\n\()h, 0x10101010 + \n
  .endr
  CASE 25
  EXPECT_CSR mcycle, 0x5aa5c33c
  EXPECT_CSR mcycleh, 0x5aa5c33c
  EXPECT_CSR minstret, 0x5aa5c33c
  EXPECT_CSR minstreth, 0x5aa5c33c
  EXPECT_CSR cycle, 0x5aa5c33c
  EXPECT_CSR cycleh, 0x5aa5c33c
  EXPECT_CSR instret, 0x5aa5c33c
  EXPECT_CSR instreth, 0x5aa5c33c

  .macro NO_COUNTER n
  CONSTANT 100 + \n, mhpmcounter\n, 0
  CONSTANT 200 + \n, mhpmcounter\n\()h, 0
  CONSTANT 300 + \n, mhpmevent\n, 0
  .endm
  .irp n, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  NO_COUNTER \n
  .endr

  TEST_END
