// SPDX-License-Identifier: MIT OR Apache-2.0
// Compressed arithmetic. What follows each of them lies at an address that is no multiple of 4.
#include "test.h"

  // An immediate on a register that is also the operand, of any register and of x8 to x15.
  .macro TO number, operation, register, expected, before, immediate
  CASE \number
  li \register, \before
  COMPRESSED \operation \register, \immediate
  EXPECT \register, \expected
  .endm

  .macro BOTH number, operation, rd, rs2, expected, a, b
  CASE \number
  li \rd, \a
  li \rs2, \b
  COMPRESSED \operation \rd, \rs2
  EXPECT \rd, \expected
  EXPECT \rs2, \b
  .endm

  TEST_BEGIN

  TO 1, c.addi, a0, 0x1f, 0, 31
  TO 2, c.addi, a0, 0xffffffe0, 0, -32
  TO 3, c.addi, ra, 0x80000000, 0x7fffffff, 1
  TO 4, c.addi, s8, 0x7fffffff, 0x80000000, -1

  TO 11, c.li, a0, 31, 5, 31
  TO 12, c.li, t3, -32, 5, -32
  TO 13, c.li, s0, 0, 5, 0

  // The immediate is that of lui: 0xfffe0 and more, or 1 to 31.
  TO 21, c.lui, a0, 0x1000, 5, 1
  TO 22, c.lui, t3, 0x1f000, 5, 31
  TO 23, c.lui, s0, 0xfffe0000, 5, 0xfffe0
  TO 24, c.lui, ra, 0xfffff000, 5, 0xfffff

  TO 31, c.slli, a0, 0x00000006, 3, 1
  TO 32, c.slli, t4, 0x80000000, 3, 31
  TO 33, c.srli, s0, 0x40000001, 0x80000003, 1
  TO 34, c.srli, a5, 1, 0x80000003, 31
  TO 35, c.srai, s1, 0xc0000001, 0x80000003, 1
  TO 36, c.srai, a4, 0xffffffff, 0x80000003, 31
  TO 37, c.andi, a0, 0x14, 0xabcd1234, 0x1f
  TO 38, c.andi, a3, 0xabcd1220, 0xabcd1234, -32
  TO 39, c.andi, s1, 0xabcd1234, 0xabcd1234, -1

  BOTH 41, c.mv, a0, t3, 0x12345678, 1, 0x12345678
  BOTH 42, c.mv, s11, s0, 0xffffffff, 1, 0xffffffff
  BOTH 43, c.add, a0, t3, 0x80000000, 0x7fffffff, 1
  BOTH 44, c.add, s7, ra, 0, 1, 0xffffffff
  BOTH 45, c.sub, s0, a5, 0xffffffff, 1, 2
  BOTH 46, c.sub, a5, s0, 0x80000001, 0x80000003, 2
  BOTH 47, c.xor, a0, a1, 0xff0000ff, 0xff00ff00, 0x0000ffff
  BOTH 48, c.or, a2, a3, 0xff00ffff, 0xff00ff00, 0x0000ffff
  BOTH 49, c.and, a4, s1, 0x0000ff00, 0xff00ff00, 0x0000ffff

  // With itself.
  CASE 51
  li a0, 0x11223344
  COMPRESSED c.add a0, a0
  EXPECT a0, 0x22446688
  COMPRESSED c.sub a0, a0
  EXPECT a0, 0
  li s1, 0x5a
  COMPRESSED c.and s1, s1
  EXPECT s1, 0x5a
  COMPRESSED c.xor s1, s1
  EXPECT s1, 0

  // The stack pointer by multiples of 16, and addresses above it.
  CASE 52
  mv a1, sp
  li sp, 0x80001000
  COMPRESSED c.addi16sp sp, 496
  EXPECT sp, 0x800011f0
  COMPRESSED c.addi16sp sp, -512
  EXPECT sp, 0x80000ff0
  COMPRESSED c.addi16sp sp, 16
  EXPECT sp, 0x80001000
  COMPRESSED c.addi16sp sp, -32
  EXPECT sp, 0x80000fe0
  COMPRESSED c.addi sp, 5
  EXPECT sp, 0x80000fe5
  COMPRESSED c.addi4spn a0, sp, 4
  EXPECT a0, 0x80000fe9
  COMPRESSED c.addi4spn s0, sp, 1020
  EXPECT s0, 0x800013e1
  COMPRESSED c.addi4spn a5, sp, 8
  EXPECT a5, 0x80000fed
  COMPRESSED c.addi4spn a5, sp, 0x2a8
  EXPECT a5, 0x8000128d
  EXPECT sp, 0x80000fe5
  mv sp, a1

  // A dense run of them.
  CASE 53
  .option push
  .option rvc
  c.li a0, 1
  c.slli a0, 4
  c.addi a0, 3
  c.mv a1, a0
  c.add a1, a0
  c.sub a1, a0
  c.nop
  c.xor a0, a1
  c.li a2, -1
  c.srli a2, 28
  c.and a1, a2
  c.or a0, a1
  c.andi a0, 6
  .option pop
  EXPECT a2, 15
  EXPECT a1, 3
  EXPECT a0, 2

  TEST_END
