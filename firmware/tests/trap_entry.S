// SPDX-License-Identifier: MIT OR Apache-2.0
// What a trap and mret do to the CSRs; ecall and ebreak; where handlers begin.
#include "test.h"
  TEST_BEGIN

  TRAPS 1
  ecall
  TRAPPED CAUSE_ECALL_M, 0
  TRAPS 2
  ebreak
  TRAPPED_AT CAUSE_BREAKPOINT, 98b
  .option rvc
  TRAPS 3
  c.ebreak
  TRAPPED_AT CAUSE_BREAKPOINT, 98b
  // The same at the other alignment.
  TRAPS 4
  c.ebreak
  TRAPPED_AT CAUSE_BREAKPOINT, 98b
  .option norvc
  TRAPS 5
  ecall
  TRAPPED CAUSE_ECALL_M, 0
  TRAPS 6
  ebreak
  TRAPPED_AT CAUSE_BREAKPOINT, 98b

  // Enabled before: MPIE is 1 in the handler and MIE 0; mret restores MIE and leaves MPIE 1.
  CASE 11
  la a0, keep
  csrw mtvec, a0
  csrw mie, zero
  csrsi mstatus, MSTATUS_MIE
  li tp, 0
  ecall
  EXPECT a1, 0x1880
  EXPECT_CSR mstatus, 0x1888
  // Disabled before.
  CASE 12
  csrci mstatus, MSTATUS_MIE
  ecall
  EXPECT a1, 0x1800
  EXPECT_CSR mstatus, 0x1880
  // The handler decides what mret restores.
  CASE 13
  li tp, MSTATUS_MPIE
  ecall
  EXPECT_CSR mstatus, 0x1888
  csrci mstatus, MSTATUS_MIE
  li tp, 0

  // A trap in a handler overwrites what the outer one left.
  CASE 14
  csrsi mstatus, MSTATUS_MIE
  la a0, outer
  csrw mtvec, a0
  ebreak
1:
  EXPECT a3, CAUSE_BREAKPOINT
  EXPECT a4, CAUSE_ECALL_M
  EXPECT a5, 0x1880
  EXPECT a6, 0x1800
  EXPECT_ADDRESS a7, 1b
  // mret of the inner one set MIE from MPIE, 0, and MPIE; that of the outer one both.
  EXPECT_CSR mstatus, 0x1888

  // Exceptions go to the base in vectored mode too.
  CASE 15
  la a0, keep + 1
  csrw mtvec, a0
  li a1, 0
  ecall
  EXPECT a1, 0x1880
  li a1, 0
  ebreak
  EXPECT a1, 0x1880
  li a1, 0
  .word 0xffffffff
  EXPECT a1, 0x1880
  EXPECT_CSR mcause, CAUSE_ILLEGAL
  csrci mstatus, MSTATUS_MIE

  // mret alone is a jump to mepc, at any alignment; mcause and mtval stay.
  CASE 16
  la a0, 1f
  csrw mepc, a0
  li a0, 0x8000000b
  csrw mcause, a0
  csrw mtval, a0
  mret
  j fail
  .option push
  .option rvc
  c.nop
1:
  .option pop
  EXPECT_CSR mcause, 0x8000000b
  EXPECT_CSR mtval, 0x8000000b
  // mepc keeps, too.
  EXPECT_ADDRESS_CSR mepc, 1b

  // Directly behind the write of mepc and of mtvec.
  CASE 17
  la a0, 1f
  csrw mepc, a0
  mret
  j fail
1:
  la a0, test_trap
  la tp, 1f
  csrw mtvec, a0
  ecall
  j fail
1:
  EXPECT s9, CAUSE_ECALL_M

  // The registers are the program's: nothing but the handler writes them.
  CASE 18
  la tp, 1f
  li ra, 0x11
  li sp, 0x22
  li a0, 0x33
  li t0, 0x44
  li t4, 0x55
  ecall
1:
  EXPECT ra, 0x11
  EXPECT sp, 0x22
  EXPECT a0, 0x33
  EXPECT t0, 0x44
  EXPECT t4, 0x55

  TEST_END

  // mstatus to a1; sets it to tp if that is not 0; goes on behind the instruction.
  ALIGN
keep:
  csrr a1, mstatus
  csrr a2, mepc
  addi a2, a2, 4
  csrw mepc, a2
  beqz tp, 1f
  csrw mstatus, tp
1:
  mret

  // Takes an ecall itself before it goes on behind its ebreak.
  ALIGN
outer:
  csrr a3, mcause
  csrr a5, mstatus
  csrr a7, mepc
  addi a7, a7, 4
  la a0, inner
  csrw mtvec, a0
  ecall
  li a0, MSTATUS_MPIE
  csrs mstatus, a0
  csrw mepc, a7
  mret
  ALIGN
inner:
  csrr a4, mcause
  csrr a6, mstatus
  csrr a0, mepc
  addi a0, a0, 4
  csrw mepc, a0
  mret
