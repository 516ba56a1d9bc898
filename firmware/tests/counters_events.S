// SPDX-License-Identifier: MIT OR Apache-2.0
// The event counters of instructions: loads, stores, jumps, branches, taken branches, compressed ones.
#include "test.h"

#define LOADS mhpmcounter9
#define STORES mhpmcounter10
#define JUMPS mhpmcounter11
#define BRANCHES mhpmcounter12
#define TAKEN mhpmcounter13
#define COMPRESSED mhpmcounter14

  // Stops the counters, so that the checks themselves do not count.
  .macro COUNTING number
  CASE \number
  .irp counter, LOADS, STORES, JUMPS, BRANCHES, TAKEN, COMPRESSED
  csrw \counter, zero
  .endr
  csrw mcountinhibit, zero
  .endm
  .macro COUNTED loads, stores, jumps, branches, taken, compressed
  csrw mcountinhibit, s1
  EXPECT_CSR LOADS, \loads
  EXPECT_CSR STORES, \stores
  EXPECT_CSR JUMPS, \jumps
  EXPECT_CSR BRANCHES, \branches
  EXPECT_CSR TAKEN, \taken
  EXPECT_CSR COMPRESSED, \compressed
  .endm

  TEST_BEGIN
  la s0, word
  li s1, 0x7ffd
  csrw mcountinhibit, s1

  COUNTING 1
  COUNTED 0, 0, 0, 0, 0, 0

  COUNTING 2
  nop
  mul a0, s0, s0
  fence
  csrr a0, mcycle
  COUNTED 0, 0, 0, 0, 0, 0

  // One that crosses a word is one.
  COUNTING 3
  lw a0, 0(s0)
  lb a1, 1(s0)
  lhu a2, 3(s0)
  COUNTED 3, 0, 0, 0, 0, 0

  COUNTING 4
  sw a0, 0(s0)
  sb a1, 1(s0)
  sh a2, 3(s0)
  sw a0, 1(s0)
  COUNTED 0, 4, 0, 0, 0, 0

  COUNTING 5
  jal a0, 1f
1:
  j 1f
1:
  la a0, 1f
  jr a0
1:
  fence.i
  la a0, 1f
  csrw mepc, a0
  mret
1:
  COUNTED 0, 0, 5, 0, 0, 0

  COUNTING 6
  beqz zero, 1f
  nop
1:
  bnez zero, 1f
  bltz zero, 1f
  bgez zero, 1f
1:
  beqz zero, 1f
1:
  li a0, 4
1:
  addi a0, a0, -1
  bnez a0, 1b
  COUNTED 0, 0, 0, 9, 6, 0

  // Compressed ones count as what they are, too.
  COUNTING 7
  .option rvc
  c.nop
  c.mv a0, s0
  c.lw a1, 0(a0)
  c.sw a1, 4(a0)
  c.li a2, 0
  c.beqz a2, 1f
1:
  c.bnez a2, 1f
1:
  c.j 1f
1:
  c.jal 1f
1:
  .option norvc
  COUNTED 1, 1, 2, 2, 1, 9

  // What traps counts as nothing: the handler has one branch, not taken, and one mret.
  COUNTING 8
  li a1, 0x40000000
  la tp, 1f
  lw a0, 0(a1)
1:
  la tp, 1f
  sw a0, 0(a1)
1:
  la tp, 1f
  .option rvc
  c.ebreak
  .option norvc
1:
  COUNTED 0, 0, 3, 3, 0, 0

  // An upper half, and one counter alone inhibited.
  CASE 9
  li a0, -1
  csrw LOADS, a0
  csrw STORES, a0
  csrwi mhpmcounter9h, 3
  csrwi mhpmcounter10h, 3
  li a0, 1 << 10
  csrw mcountinhibit, a0
  lw a0, 0(s0)
  sw a0, 0(s0)
  lw a0, 0(s0)
  csrw mcountinhibit, s1
  EXPECT_CSR LOADS, 1
  EXPECT_CSR mhpmcounter9h, 4
  EXPECT_CSR STORES, 0xffffffff
  EXPECT_CSR mhpmcounter10h, 3

  TEST_END

  .data
  .balign 4
word:
  .word 1, 2, 3
