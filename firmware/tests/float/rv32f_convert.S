// SPDX-License-Identifier: MIT OR Apache-2.0
// Conversions from and to integers, with their limits, and moves of bits.
#include "float.h"
  FLOAT_BEGIN

  TO_INTEGER 1, fcvt.w.s, 0, 0, ZERO
  TO_INTEGER 2, fcvt.w.s, 0, 0, MINUS_ZERO
  TO_INTEGER 3, fcvt.w.s, 1, 0, ONE
  TO_INTEGER 4, fcvt.w.s, -1, 0, MINUS_ONE
  TO_INTEGER 5, fcvt.w.s, 2, NX, 0x3fc00000            // 1.5, 2.5, 3.5: ties to even
  TO_INTEGER 6, fcvt.w.s, 2, NX, 0x40200000
  TO_INTEGER 7, fcvt.w.s, 4, NX, 0x40600000
  TO_INTEGER 8, fcvt.w.s, -2, NX, 0xc0200000
  TO_INTEGER 9, fcvt.w.s, 0, NX, HALF
  TO_INTEGER 10, fcvt.w.s, 1, NX, 0x3f000001
  TO_INTEGER 11, fcvt.w.s, 0, NX, LEAST
  TO_INTEGER 12, fcvt.w.s, 16777215, 0, 0x4b7fffff
  TO_INTEGER 13, fcvt.w.s, 0x12345600, 0, 0x4d91a2b0
  TO_INTEGER 14, fcvt.w.s, 0x7fffff80, 0, 0x4effffff   // the largest below 2^31
  TO_INTEGER 15, fcvt.w.s, 0x7fffffff, NV, 0x4f000000  // 2^31
  TO_INTEGER 16, fcvt.w.s, 0x80000000, 0, 0xcf000000   // -2^31
  TO_INTEGER 17, fcvt.w.s, 0x80000000, NV, 0xcf000001
  TO_INTEGER 18, fcvt.w.s, 0x7fffffff, NV, LARGEST
  TO_INTEGER 19, fcvt.w.s, 0x80000000, NV, 0xff7fffff
  TO_INTEGER 20, fcvt.w.s, 0x7fffffff, NV, INFINITY
  TO_INTEGER 21, fcvt.w.s, 0x80000000, NV, MINUS_INFINITY
  TO_INTEGER 22, fcvt.w.s, 0x7fffffff, NV, NAN
  TO_INTEGER 23, fcvt.w.s, 0x7fffffff, NV, 0xffc00000
  TO_INTEGER 24, fcvt.w.s, 0x7fffffff, NV, 0xff800001

  TO_INTEGER 30, fcvt.wu.s, 0, 0, MINUS_ZERO
  TO_INTEGER 31, fcvt.wu.s, 3, 0, 0x40400000
  TO_INTEGER 32, fcvt.wu.s, 0x80000000, 0, 0x4f000000
  TO_INTEGER 33, fcvt.wu.s, 0xffffff00, 0, 0x4f7fffff
  TO_INTEGER 34, fcvt.wu.s, 0xffffffff, NV, 0x4f800000
  TO_INTEGER 35, fcvt.wu.s, 0, NV, MINUS_ONE
  TO_INTEGER 36, fcvt.wu.s, 0, NX, 0xbf000000          // -0.5, a tie, becomes 0
  TO_INTEGER 37, fcvt.wu.s, 0, NV, 0xbf000001          // and a bit more -1
  TO_INTEGER 38, fcvt.wu.s, 0, NX, 0xbf7fffff, rtz
  TO_INTEGER 39, fcvt.wu.s, 0, NV, 0x80000001, rdn
  TO_INTEGER 40, fcvt.wu.s, 0, NX, 0x80000001, rup
  TO_INTEGER 41, fcvt.wu.s, 0, NV, 0xbf000000, rmm
  TO_INTEGER 42, fcvt.wu.s, 0, NV, MINUS_INFINITY
  TO_INTEGER 43, fcvt.wu.s, 0xffffffff, NV, INFINITY
  TO_INTEGER 44, fcvt.wu.s, 0xffffffff, NV, NAN
  TO_INTEGER 45, fcvt.wu.s, 0xffffffff, NV, 0xff800001
  TO_INTEGER 46, fcvt.wu.s, 1, NX, LEAST, rup

  FROM_INTEGER 50, fcvt.s.w, ZERO, 0, 0
  FROM_INTEGER 51, fcvt.s.w, ONE, 0, 1
  FROM_INTEGER 52, fcvt.s.w, MINUS_ONE, 0, -1
  FROM_INTEGER 53, fcvt.s.w, 0x4b800000, NX, 16777217   // 2^24 + 1 and + 3: ties
  FROM_INTEGER 54, fcvt.s.w, 0x4b800002, NX, 16777219
  FROM_INTEGER 55, fcvt.s.w, 0xcb800002, NX, -16777219
  FROM_INTEGER 56, fcvt.s.w, 0x4b7fffff, 0, 16777215
  FROM_INTEGER 57, fcvt.s.w, 0x4f000000, NX, 0x7fffffff
  FROM_INTEGER 58, fcvt.s.w, 0xcf000000, 0, 0x80000000
  FROM_INTEGER 59, fcvt.s.w, 0x4effffff, NX, 0x7fffffff, rtz
  FROM_INTEGER 60, fcvt.s.w, 0xcf000000, NX, 0x80000001
  FROM_INTEGER 61, fcvt.s.w, 0xceffffff, NX, 0x80000001, rup
  FROM_INTEGER 70, fcvt.s.wu, ZERO, 0, 0
  FROM_INTEGER 71, fcvt.s.wu, 0x4f000000, 0, 0x80000000
  FROM_INTEGER 72, fcvt.s.wu, 0x4f800000, NX, 0xffffffff
  FROM_INTEGER 73, fcvt.s.wu, 0x4f7fffff, NX, 0xffffffff, rdn
  FROM_INTEGER 74, fcvt.s.wu, 0x4f7fffff, 0, 0xffffff00
  FROM_INTEGER 75, fcvt.s.wu, 0x40400000, 0, 3

  // Moves keep every bit.
  .irp bits, ZERO, MINUS_ZERO, ONE, SIGNALLING, 0xffbfffff, 0xffffffff, 0x12345678
  FROM_INTEGER 80, fmv.w.x, \bits, 0, \bits
  TO_INTEGER 81, fmv.x.w, \bits, 0, \bits
  .endr

  // To x0 nothing is written, but flags are raised.
  CASE 90
  FLOAT fa1, HALF
  fcvt.w.s zero, fa1
  EXPECT zero, 0
  EXPECT_FLAGS NX
  fmv.x.w zero, fa1
  EXPECT zero, 0
  EXPECT_FLAGS 0
  FLOAT fa1, NAN
  flt.s zero, fa1, fa1
  EXPECT zero, 0
  EXPECT_FLAGS NV

  TEST_END
