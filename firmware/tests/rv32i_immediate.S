// SPDX-License-Identifier: MIT OR Apache-2.0
// Arithmetic, logic and shifts with an immediate; lui and auipc.
#include "test.h"
  TEST_BEGIN

  IMMEDIATE 1, addi, 0, 0, 0
  IMMEDIATE 2, addi, 0x7ff, 0, 0x7ff
  IMMEDIATE 3, addi, 0xfffff800, 0, -0x800
  IMMEDIATE 4, addi, 0x80000000, 0x7fffffff, 1
  IMMEDIATE 5, addi, 0x7fffffff, 0x80000000, -1
  IMMEDIATE 6, addi, 0, 0xffffffff, 1
  IMMEDIATE 7, addi, 0x7ffff800, 0x80000000, -0x800

  IMMEDIATE 11, slti, 0, 5, 5
  IMMEDIATE 12, slti, 1, 0xffffffff, 0
  IMMEDIATE 13, slti, 0, 0, -1
  IMMEDIATE 14, slti, 1, 0x80000000, 0x7ff
  IMMEDIATE 15, slti, 0, 0x7fffffff, -0x800
  IMMEDIATE 16, slti, 0, 0xfffff800, -0x800
  IMMEDIATE 17, slti, 1, 0xfffff7ff, -0x800

  // The immediate is sign-extended, then compared without sign.
  IMMEDIATE 21, sltiu, 0, 5, 5
  IMMEDIATE 22, sltiu, 1, 0, 1
  IMMEDIATE 23, sltiu, 1, 0, -1
  IMMEDIATE 24, sltiu, 0, 0xffffffff, -1
  IMMEDIATE 25, sltiu, 1, 0xfffffffe, -1
  IMMEDIATE 26, sltiu, 0, 0x80000000, 0x7ff
  IMMEDIATE 27, sltiu, 1, 0x80000000, -0x800

  IMMEDIATE 31, xori, 0xffffffff, 0, -1
  IMMEDIATE 32, xori, 0xff00f00f, 0x00ff0f00, -0xf1
  IMMEDIATE 33, xori, 0x00ff08ff, 0x00ff0f00, 0x7ff
  IMMEDIATE 34, ori, 0xffffff0f, 0x00ff0f00, -0xf1
  IMMEDIATE 35, ori, 0x00ff0ff0, 0x00ff0ff0, 0x0f0
  IMMEDIATE 36, andi, 0x00ff0f00, 0x00ff0ff0, -0xf1
  IMMEDIATE 37, andi, 0x000000f0, 0x00ff0ff0, 0x0ff
  IMMEDIATE 38, andi, 0, 0xffffffff, 0

  IMMEDIATE 41, slli, 0x1357ace1, 0x1357ace1, 0
  IMMEDIATE 42, slli, 0x26af59c2, 0x1357ace1, 1
  IMMEDIATE 43, slli, 0xeb384000, 0x1357ace1, 14
  IMMEDIATE 44, slli, 0x80000000, 0x1357ace1, 31
  IMMEDIATE 45, srli, 0xb3579bdf, 0xb3579bdf, 0
  IMMEDIATE 46, srli, 0x0166af37, 0xb3579bdf, 7
  IMMEDIATE 47, srli, 0x00000001, 0xb3579bdf, 31
  IMMEDIATE 48, srai, 0xb3579bdf, 0xb3579bdf, 0
  IMMEDIATE 49, srai, 0xff66af37, 0xb3579bdf, 7
  IMMEDIATE 50, srai, 0xffffffff, 0xb3579bdf, 31
  IMMEDIATE 51, srai, 0x00000000, 0x7a3c91e5, 31

  CASE 61
  lui a0, 0
  EXPECT a0, 0
  lui a0, 1
  EXPECT a0, 0x1000
  lui a0, 0x80000
  EXPECT a0, 0x80000000
  lui a0, 0xfffff
  EXPECT a0, 0xfffff000
  srai a0, a0, 12
  EXPECT a0, 0xffffffff
  lui zero, 0xfffff
  EXPECT zero, 0

  // auipc counts from its own address.
  CASE 62
62:
  auipc a0, 0
  EXPECT_ADDRESS a0, 62b
  CASE 63
  la a1, 63f + 0x1000
63:
  auipc a0, 1
  bne a0, a1, fail
  CASE 64
  la a1, 64f - 0x1000
64:
  auipc a0, 0xfffff
  bne a0, a1, fail
  CASE 65
  la a1, 65f
  li a2, 0x80000000
  add a1, a1, a2
65:
  auipc a0, 0x80000
  bne a0, a1, fail
  auipc zero, 0x12345
  EXPECT zero, 0
  // From an address that is no multiple of 4.
  CASE 66
  la a1, 66f + 0x7f000
  .option push
  .option rvc
  ALIGN
  c.nop
66:
  auipc a0, 0x7f
  ALIGN
  .option pop
  bne a0, a1, fail

  TEST_END
