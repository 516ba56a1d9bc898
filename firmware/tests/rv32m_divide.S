// SPDX-License-Identifier: MIT OR Apache-2.0
// Quotients and remainders, with their two special cases: by zero, and the one that overflows.
#include "test.h"

  .macro QUOTIENT number, a, b, signed, unsigned, signed_rest, unsigned_rest
  OPERATION \number, div, \signed, \a, \b
  OPERATION \number, divu, \unsigned, \a, \b
  OPERATION \number, rem, \signed_rest, \a, \b
  OPERATION \number, remu, \unsigned_rest, \a, \b
  .endm

  TEST_BEGIN

  //          a           b           div         divu        rem         remu
  QUOTIENT  1, 0x00000014, 0x00000006, 0x00000003, 0x00000003, 0x00000002, 0x00000002
  QUOTIENT  2, 0xffffffec, 0x00000006, 0xfffffffd, 0x2aaaaaa7, 0xfffffffe, 0x00000002
  QUOTIENT  3, 0x00000014, 0xfffffffa, 0xfffffffd, 0x00000000, 0x00000002, 0x00000014
  QUOTIENT  4, 0xffffffec, 0xfffffffa, 0x00000003, 0x00000000, 0xfffffffe, 0xffffffec
  QUOTIENT  5, 0x80000000, 0x00000001, 0x80000000, 0x80000000, 0x00000000, 0x00000000
  QUOTIENT  6, 0x80000000, 0xffffffff, 0x80000000, 0x00000000, 0x00000000, 0x80000000
  QUOTIENT  7, 0x80000000, 0x00000000, 0xffffffff, 0xffffffff, 0x80000000, 0x80000000
  QUOTIENT  8, 0xffffffff, 0x00000000, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff
  QUOTIENT  9, 0x00000001, 0x00000000, 0xffffffff, 0xffffffff, 0x00000001, 0x00000001
  QUOTIENT 10, 0x00000000, 0x00000000, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000
  QUOTIENT 11, 0x00000000, 0x00000007, 0x00000000, 0x00000000, 0x00000000, 0x00000000
  QUOTIENT 12, 0x00000000, 0xfffffff9, 0x00000000, 0x00000000, 0x00000000, 0x00000000
  QUOTIENT 13, 0x7fffffff, 0x7fffffff, 0x00000001, 0x00000001, 0x00000000, 0x00000000
  QUOTIENT 14, 0x7fffffff, 0x80000000, 0x00000000, 0x00000000, 0x7fffffff, 0x7fffffff
  QUOTIENT 15, 0x80000000, 0x80000000, 0x00000001, 0x00000001, 0x00000000, 0x00000000
  QUOTIENT 16, 0x80000000, 0x7fffffff, 0xffffffff, 0x00000001, 0xffffffff, 0x00000001
  QUOTIENT 17, 0xffffffff, 0x80000000, 0x00000000, 0x00000001, 0xffffffff, 0x7fffffff
  QUOTIENT 18, 0xffffffff, 0x00000001, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000
  QUOTIENT 19, 0xffffffff, 0x00000002, 0x00000000, 0x7fffffff, 0xffffffff, 0x00000001
  QUOTIENT 20, 0xffffffff, 0xffffffff, 0x00000001, 0x00000001, 0x00000000, 0x00000000
  QUOTIENT 21, 0x00000001, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000, 0x00000001
  QUOTIENT 22, 0x12345678, 0x00001234, 0x00010004, 0x00010004, 0x00000da8, 0x00000da8
  QUOTIENT 23, 0xedcba988, 0x00000089, 0xffddfba2, 0x01bc590f, 0xffffffd6, 0x00000081
  QUOTIENT 24, 0x00000006, 0x00000014, 0x00000000, 0x00000000, 0x00000006, 0x00000006
  QUOTIENT 25, 0xfffffffe, 0xffffffff, 0x00000002, 0x00000000, 0x00000000, 0xfffffffe
  QUOTIENT 26, 0x80000000, 0x00000002, 0xc0000000, 0x40000000, 0x00000000, 0x00000000
  QUOTIENT 27, 0x80000001, 0xfffffffe, 0x3fffffff, 0x00000000, 0xffffffff, 0x80000001
  QUOTIENT 28, 0x40000000, 0x40000001, 0x00000000, 0x00000000, 0x40000000, 0x40000000

  // By every power of two: each number of leading zeros of the divisor.
  CASE 41
  li a0, 0xdeadbeef
  li a1, 1
  li a2, 0
1:
  divu a3, a0, a1
  srl a4, a0, a2
  bne a3, a4, fail
  remu a3, a0, a1
  addi a4, a1, -1
  and a4, a4, a0
  bne a3, a4, fail
  slli a1, a1, 1
  addi a2, a2, 1
  bnez a1, 1b
  EXPECT a2, 32

  // One into the next without a gap, and of a register with itself.
  CASE 42
  li a0, 1000000007
  li a1, -13
  div a2, a0, a1
  div a2, a2, a1
  rem a3, a2, a1
  divu a4, a3, a3
  remu a5, a4, a4
  // 1000000007 / -13 = -76923077, / -13 = 5917159; 5917159 - 13 * 455166 = 1.
  EXPECT a2, 5917159
  EXPECT a3, 1
  EXPECT a4, 1
  EXPECT a5, 0

  TEST_END
