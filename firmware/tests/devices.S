// SPDX-License-Identifier: MIT OR Apache-2.0
// The registers of the devices that interrupts leave over: sub-word accesses, the UART.
#include "test.h"
  TEST_BEGIN
  li s0, MSIP
  li s1, MTIMECMP
  li s2, UART

  // Loads take the bytes they name.
  CASE 1
  li a0, 0x84838281
  sw a0, 0(s1)
  li a0, 0x78777675
  sw a0, 4(s1)
  lb a0, 0(s1)
  EXPECT a0, 0xffffff81
  lbu a0, 3(s1)
  EXPECT a0, 0x84
  lh a0, 2(s1)
  EXPECT a0, 0xffff8483
  lhu a0, 5(s1)
  EXPECT a0, 0x7776
  lw a0, 2(s1)
  EXPECT a0, 0x76758483
  lh a0, 3(s1)
  EXPECT a0, 0x7584

  // msip has one bit.
  CASE 2
  li a0, 0xfffffffe
  sw a0, 0(s0)
  lw a0, 0(s0)
  EXPECT a0, 0
  li a0, 0xffffffff
  sw a0, 0(s0)
  lw a0, 0(s0)
  EXPECT a0, 1
  lbu a0, 1(s0)
  EXPECT a0, 0
  sw zero, 0(s0)
  lw a0, 0(s0)
  EXPECT a0, 0

  // The UART reads 0 and takes the low byte of a word, a halfword and a byte.
  CASE 3
  lw a0, 0(s2)
  EXPECT a0, 0
  lbu a0, 3(s2)
  EXPECT a0, 0
  la a1, text
1:
  lbu a0, 0(a1)
  beqz a0, 2f
  li a2, 0xabcdef00
  or a2, a2, a0
  sw a2, 0(s2)
  sb a2, 0(s2)
  sh a2, 0(s2)
  addi a1, a1, 1
  j 1b
2:
  li a0, '\n'
  sw a0, 0(s2)

  TEST_END

  .data
text:
  .asciz "uart"
