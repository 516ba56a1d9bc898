// SPDX-License-Identifier: MIT OR Apache-2.0
// Loads and stores outside the memory map: which address mtval gets, and what they leave alone.
#include "test.h"

#define RAM_END (RAM_BASE + RAM_BYTES)
#define NOWHERE 0x40000000

  .macro FAULT number, access, address, cause, value
  li a1, \address
  li a0, 0x600d
  TRAPS \number
  \access a0, 0(a1)
  TRAPPED \cause, \value
  EXPECT a0, 0x600d
  EXPECT a1, \address
  .endm
  .macro LOAD_FAULT number, access, address, value
  FAULT \number, \access, \address, CAUSE_LOAD_ACCESS, \value
  .endm
  .macro STORE_FAULT number, access, address, value
  FAULT \number, \access, \address, CAUSE_STORE_ACCESS, \value
  .endm

  TEST_BEGIN

  LOAD_FAULT 1, lw, NOWHERE, NOWHERE
  LOAD_FAULT 2, lh, NOWHERE + 2, NOWHERE + 2
  LOAD_FAULT 3, lhu, NOWHERE + 1, NOWHERE + 1
  LOAD_FAULT 4, lb, NOWHERE + 3, NOWHERE + 3
  LOAD_FAULT 5, lbu, NOWHERE + 1, NOWHERE + 1
  // The lower half of a crossing access fails first: the upper one is not made.
  LOAD_FAULT 6, lw, NOWHERE + 1, NOWHERE + 1
  LOAD_FAULT 7, lh, NOWHERE + 3, NOWHERE + 3
  STORE_FAULT 11, sw, NOWHERE, NOWHERE
  STORE_FAULT 12, sh, NOWHERE + 2, NOWHERE + 2
  STORE_FAULT 13, sh, NOWHERE + 1, NOWHERE + 1
  STORE_FAULT 14, sb, NOWHERE + 3, NOWHERE + 3
  STORE_FAULT 15, sw, NOWHERE + 3, NOWHERE + 3

  // Around every part of the map.
  LOAD_FAULT 21, lw, 0, 0
  LOAD_FAULT 22, lw, 0xfffffffc, 0xfffffffc
  LOAD_FAULT 23, lw, 0xfffffffe, 0xfffffffe
  LOAD_FAULT 24, lw, MSIP - 4, MSIP - 4
  LOAD_FAULT 25, lw, MSIP + 4, MSIP + 4
  LOAD_FAULT 26, lw, MTIMECMP - 4, MTIMECMP - 4
  LOAD_FAULT 27, lw, MTIMECMP + 8, MTIMECMP + 8
  LOAD_FAULT 28, lw, MTIME - 4, MTIME - 4
  LOAD_FAULT 29, lw, MTIME + 8, MTIME + 8
  LOAD_FAULT 30, lw, EXTERNAL_IRQ + 4, EXTERNAL_IRQ + 4
  LOAD_FAULT 31, lw, UART + 4, UART + 4
  LOAD_FAULT 32, lw, RAM_BASE - 4, RAM_BASE - 4
  LOAD_FAULT 33, lw, RAM_END, RAM_END
  LOAD_FAULT 34, lb, RAM_END, RAM_END
  STORE_FAULT 41, sw, 0, 0
  STORE_FAULT 42, sw, MSIP + 4, MSIP + 4
  STORE_FAULT 43, sw, MTIMECMP + 8, MTIMECMP + 8
  STORE_FAULT 44, sw, MTIME - 4, MTIME - 4
  STORE_FAULT 45, sw, EXTERNAL_IRQ - 4, EXTERNAL_IRQ - 4
  STORE_FAULT 46, sw, UART + 4, UART + 4
  STORE_FAULT 47, sw, RAM_BASE - 4, RAM_BASE - 4
  STORE_FAULT 48, sw, RAM_END, RAM_END
  STORE_FAULT 49, sb, RAM_BASE - 1, RAM_BASE - 1

  // Across the end of the RAM: the first half is in it, mtval has the word of the second.
  LOAD_FAULT 51, lw, RAM_END - 1, RAM_END
  LOAD_FAULT 52, lw, RAM_END - 2, RAM_END
  LOAD_FAULT 53, lw, RAM_END - 3, RAM_END
  LOAD_FAULT 54, lh, RAM_END - 1, RAM_END
  LOAD_FAULT 55, lhu, RAM_END - 1, RAM_END
  // Across its beginning.
  LOAD_FAULT 56, lw, RAM_BASE - 1, RAM_BASE - 1
  LOAD_FAULT 57, lw, RAM_BASE - 3, RAM_BASE - 3
  LOAD_FAULT 58, lh, RAM_BASE - 1, RAM_BASE - 1

  // Of a store that fails in its second half the first is written; of one that fails in its first half
  // nothing.
  li a2, RAM_END
  li a3, 0x5a5a5a5a
  sw a3, -4(a2)
  STORE_FAULT 61, sw, RAM_END - 2, RAM_END
  lw a4, -4(a2)
  EXPECT a4, 0x600d5a5a
  sw a3, -4(a2)
  STORE_FAULT 62, sw, RAM_END - 3, RAM_END
  lw a4, -4(a2)
  EXPECT a4, 0x00600d5a
  sw a3, -4(a2)
  STORE_FAULT 63, sh, RAM_END - 1, RAM_END
  lw a4, -4(a2)
  EXPECT a4, 0x0d5a5a5a
  la a2, _start
  lw a3, 0(a2)
  STORE_FAULT 64, sw, RAM_BASE - 2, RAM_BASE - 2
  STORE_FAULT 65, sh, RAM_BASE - 1, RAM_BASE - 1
  lw a4, 0(a2)
  bne a3, a4, fail

  // Base and destination the same; destination x0; compressed ones.
  CASE 71
  li a0, NOWHERE
  TRAPS 71
  lw a0, 8(a0)
  TRAPPED CAUSE_LOAD_ACCESS, NOWHERE + 8
  EXPECT a0, NOWHERE
  TRAPS 72
  lw zero, -4(a0)
  TRAPPED CAUSE_LOAD_ACCESS, NOWHERE - 4
  .option rvc
  TRAPS 73
  c.lw a1, 4(a0)
  TRAPPED CAUSE_LOAD_ACCESS, NOWHERE + 4
  TRAPS 74
  c.sw a1, 4(a0)
  TRAPPED CAUSE_STORE_ACCESS, NOWHERE + 4
  mv sp, a0
  TRAPS 75
  c.lwsp a1, 12(sp)
  TRAPPED CAUSE_LOAD_ACCESS, NOWHERE + 12
  TRAPS 76
  c.swsp a1, 12(sp)
  TRAPPED CAUSE_STORE_ACCESS, NOWHERE + 12
  .option norvc

  // A store to tohost's word goes through after all this.
  TEST_END
