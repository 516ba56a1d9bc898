// SPDX-License-Identifier: MIT OR Apache-2.0
// The four halves of products.
#include "test.h"

  .macro PRODUCT number, a, b, low, signed, unsigned, mixed
  OPERATION \number, mul, \low, \a, \b
  OPERATION \number, mulh, \signed, \a, \b
  OPERATION \number, mulhu, \unsigned, \a, \b
  OPERATION \number, mulhsu, \mixed, \a, \b
  .endm

  TEST_BEGIN

  //         a           b           mul         mulh        mulhu       mulhsu
  PRODUCT  1, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000
  PRODUCT  2, 0x00000001, 0x00000001, 0x00000001, 0x00000000, 0x00000000, 0x00000000
  PRODUCT  3, 0x00000006, 0x00000009, 0x00000036, 0x00000000, 0x00000000, 0x00000000
  PRODUCT  4, 0x00000000, 0xfedc0000, 0x00000000, 0x00000000, 0x00000000, 0x00000000
  PRODUCT  5, 0x80000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000, 0x00000000
  PRODUCT  6, 0x80000000, 0xfedc0000, 0x00000000, 0x00920000, 0x7f6e0000, 0x80920000
  PRODUCT  7, 0x000b5a3d, 0xc0ffee11, 0x3168b40d, 0xfffd34ca, 0x00088f07, 0x00088f07
  PRODUCT  8, 0xc0ffee11, 0x000b5a3d, 0x3168b40d, 0xfffd34ca, 0x00088f07, 0xfffd34ca
  PRODUCT  9, 0xf0000000, 0xf0000000, 0x00000000, 0x01000000, 0xe1000000, 0xf1000000
  PRODUCT 10, 0xffffffff, 0xffffffff, 0x00000001, 0x00000000, 0xfffffffe, 0xffffffff
  PRODUCT 11, 0xffffffff, 0x00000001, 0xffffffff, 0xffffffff, 0x00000000, 0xffffffff
  PRODUCT 12, 0x00000001, 0xffffffff, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000
  PRODUCT 13, 0x7fffffff, 0x7fffffff, 0x00000001, 0x3fffffff, 0x3fffffff, 0x3fffffff
  PRODUCT 14, 0x80000000, 0x80000000, 0x00000000, 0x40000000, 0x40000000, 0xc0000000
  PRODUCT 15, 0x80000000, 0x7fffffff, 0x80000000, 0xc0000000, 0x3fffffff, 0xc0000000
  PRODUCT 16, 0x7fffffff, 0x80000000, 0x80000000, 0xc0000000, 0x3fffffff, 0x3fffffff
  PRODUCT 17, 0x12345678, 0x9abcdef0, 0x242d2080, 0xf8cc93d6, 0x0b00ea4e, 0x0b00ea4e
  PRODUCT 18, 0x00010000, 0x00010000, 0x00000000, 0x00000001, 0x00000001, 0x00000001
  PRODUCT 19, 0xffff0001, 0x0000ffff, 0x0001ffff, 0xffffffff, 0x0000fffe, 0xffffffff

  // Of one register with itself; one into the next without a gap.
  CASE 31
  li a0, 0xfffffffb
  mul a1, a0, a0
  mulhu a2, a0, a0
  mulh a3, a0, a0
  mulhsu a4, a0, a0
  mulhsu a5, a4, a4
  mulh a5, a5, a5
  EXPECT a1, 25
  EXPECT a2, 0xfffffff6
  EXPECT a3, 0
  EXPECT a4, 0xfffffffb
  // (-5 * 0xfffffffb) >> 32 is -5, and 25 >> 32 is 0.
  EXPECT a5, 0

  TEST_END
