// SPDX-License-Identifier: MIT OR Apache-2.0
// All rounding modes, in the instruction and in frm.
#include "float.h"
  FLOAT_BEGIN

  // What `code`, with the mode in the place of MODE, leaves in fa0: to nearest even, towards zero, down,
  // up, to nearest away from zero.
  .macro ROUNDS number, flags, even, zero, down, up, away, code:vararg
  ROUND \number, 0, rne, \flags, \even, \code
  ROUND \number, 1, rtz, \flags, \zero, \code
  ROUND \number, 2, rdn, \flags, \down, \code
  ROUND \number, 3, rup, \flags, \up, \code
  ROUND \number, 4, rmm, \flags, \away, \code
  .endm

  // With the mode in the instruction while frm has another one, and with that of frm.
  .macro ROUND number, frm, mode, flags, expected, code:vararg
  CASE \number + \frm
  fsrmi (\frm + 1) % 5
  FLOAT fa0, 0x7e967699
  \code, \mode
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa0, \expected
  fsrmi \frm
  FLOAT fa0, 0x7e967699
  \code, dyn
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa0, \expected
  .endm

  .macro WITH a, b=0, c=0
  FLOAT fa1, \a
  FLOAT fa2, \b
  FLOAT fa3, \c
  .endm

  // 1 and less than half of its last bit, half, more; the same above the odd neighbour of 1.
  WITH ONE, 0x33000000
  ROUNDS 10, NX, ONE, ONE, ONE, 0x3f800001, ONE, fadd.s fa0, fa1, fa2
  WITH ONE, 0x33800000
  ROUNDS 20, NX, ONE, ONE, ONE, 0x3f800001, 0x3f800001, fadd.s fa0, fa1, fa2
  WITH ONE, 0x33c00000
  ROUNDS 30, NX, 0x3f800001, ONE, ONE, 0x3f800001, 0x3f800001, fadd.s fa0, fa1, fa2
  WITH 0x3f800001, 0x33800000
  ROUNDS 40, NX, 0x3f800002, 0x3f800001, 0x3f800001, 0x3f800002, 0x3f800002, fadd.s fa0, fa1, fa2
  // All of them below 0.
  WITH MINUS_ONE, 0x33000000
  ROUNDS 50, NX, MINUS_ONE, MINUS_ONE, 0xbf800001, MINUS_ONE, MINUS_ONE, fsub.s fa0, fa1, fa2
  WITH MINUS_ONE, 0x33800000
  ROUNDS 60, NX, MINUS_ONE, MINUS_ONE, 0xbf800001, MINUS_ONE, 0xbf800001, fsub.s fa0, fa1, fa2
  WITH MINUS_ONE, 0x33c00000
  ROUNDS 70, NX, 0xbf800001, MINUS_ONE, 0xbf800001, MINUS_ONE, 0xbf800001, fsub.s fa0, fa1, fa2
  WITH 0xbf800001, 0x33800000
  ROUNDS 80, NX, 0xbf800002, 0xbf800001, 0xbf800002, 0xbf800001, 0xbf800002, fsub.s fa0, fa1, fa2
  // Just below 1.
  WITH ONE, 0x00000001
  ROUNDS 90, NX, ONE, 0x3f7fffff, 0x3f7fffff, ONE, ONE, fsub.s fa0, fa1, fa2
  // The sign of a difference of 0.
  WITH ONE, ONE
  ROUNDS 100, 0, ZERO, ZERO, MINUS_ZERO, ZERO, ZERO, fsub.s fa0, fa1, fa2

  // Overflow.
  WITH LARGEST, TWO
  ROUNDS 110, OF | NX, INFINITY, LARGEST, LARGEST, INFINITY, INFINITY, fmul.s fa0, fa1, fa2
  WITH 0xff7fffff, TWO
  ROUNDS 120, OF | NX, MINUS_INFINITY, 0xff7fffff, MINUS_INFINITY, 0xff7fffff, MINUS_INFINITY, fmul.s fa0, fa1, fa2
  // Underflow: half of the least, a quarter.
  WITH LEAST, HALF
  ROUNDS 130, UF | NX, ZERO, ZERO, ZERO, LEAST, LEAST, fmul.s fa0, fa1, fa2
  WITH LEAST, 0xbe800000
  ROUNDS 140, UF | NX, MINUS_ZERO, MINUS_ZERO, 0x80000001, MINUS_ZERO, MINUS_ZERO, fmul.s fa0, fa1, fa2
  // 2^-126 - 2^-160 is tiny where it is not rounded up to 2^-126.
  WITH 0x17800000, 0x97800000, LEAST_NORMAL
  ROUND 150, 0, rne, NX, LEAST_NORMAL, fmadd.s fa0, fa1, fa2, fa3
  ROUND 150, 1, rtz, UF | NX, LARGEST_SUBNORMAL, fmadd.s fa0, fa1, fa2, fa3
  ROUND 150, 2, rdn, UF | NX, LARGEST_SUBNORMAL, fmadd.s fa0, fa1, fa2, fa3
  ROUND 150, 3, rup, NX, LEAST_NORMAL, fmadd.s fa0, fa1, fa2, fa3
  ROUND 150, 4, rmm, NX, LEAST_NORMAL, fmadd.s fa0, fa1, fa2, fa3

  WITH 0x3f800800, 0x3f800800
  ROUNDS 160, NX, 0x3f801000, 0x3f801000, 0x3f801000, 0x3f801001, 0x3f801001, fmul.s fa0, fa1, fa2
  // (1 + 2^-12)^2 - 2^-24 is exact, and what is subtracted decides on the neighbours.
  WITH 0x3f800800, 0x3f800800, 0x33800000
  ROUNDS 170, 0, 0x3f801000, 0x3f801000, 0x3f801000, 0x3f801000, 0x3f801000, fmsub.s fa0, fa1, fa2, fa3
  WITH 0x3f800800, 0x3f800800, 0x33800001
  ROUNDS 180, NX, 0x3f801000, 0x3f800fff, 0x3f800fff, 0x3f801000, 0x3f801000, fmsub.s fa0, fa1, fa2, fa3
  ROUNDS 190, NX, 0xbf801000, 0xbf800fff, 0xbf801000, 0xbf800fff, 0xbf801000, fnmsub.s fa0, fa1, fa2, fa3

  WITH ONE, 0x40400000
  ROUNDS 200, NX, 0x3eaaaaab, 0x3eaaaaaa, 0x3eaaaaaa, 0x3eaaaaab, 0x3eaaaaab, fdiv.s fa0, fa1, fa2
  WITH MINUS_ONE, 0x40400000
  ROUNDS 210, NX, 0xbeaaaaab, 0xbeaaaaaa, 0xbeaaaaab, 0xbeaaaaaa, 0xbeaaaaab, fdiv.s fa0, fa1, fa2
  WITH ONE, 0x40a00000
  ROUNDS 220, NX, 0x3e4ccccd, 0x3e4ccccc, 0x3e4ccccc, 0x3e4ccccd, 0x3e4ccccd, fdiv.s fa0, fa1, fa2
  WITH ONE, ZERO
  ROUNDS 230, DZ, INFINITY, INFINITY, INFINITY, INFINITY, INFINITY, fdiv.s fa0, fa1, fa2
  WITH TWO
  ROUNDS 240, NX, 0x3fb504f3, 0x3fb504f3, 0x3fb504f3, 0x3fb504f4, 0x3fb504f3, fsqrt.s fa0, fa1
  WITH 0x40400000
  ROUNDS 250, NX, 0x3fddb3d7, 0x3fddb3d7, 0x3fddb3d7, 0x3fddb3d8, 0x3fddb3d7, fsqrt.s fa0, fa1

  .macro INTEGER number, even, zero, down, up, away, a
  FLOAT fa1, \a
  INTEGER_MODE \number, 0, rne, \even
  INTEGER_MODE \number, 1, rtz, \zero
  INTEGER_MODE \number, 2, rdn, \down
  INTEGER_MODE \number, 3, rup, \up
  INTEGER_MODE \number, 4, rmm, \away
  .endm
  .macro INTEGER_MODE number, frm, mode, expected
  CASE \number + \frm
  fsrmi (\frm + 1) % 5
  fcvt.w.s a0, fa1, \mode
  EXPECT_FLAGS NX
  EXPECT a0, \expected
  fsrmi \frm
  fcvt.w.s a0, fa1, dyn
  EXPECT_FLAGS NX
  EXPECT a0, \expected
  .endm
  INTEGER 300, 2, 1, 1, 2, 2, 0x3fc00000          // 1.5
  INTEGER 310, 2, 2, 2, 3, 3, 0x40200000          // 2.5
  INTEGER 320, 1, 1, 1, 2, 1, 0x3fa00000          // 1.25
  INTEGER 330, 2, 1, 1, 2, 2, 0x3fe00000          // 1.75
  INTEGER 340, -2, -1, -2, -1, -2, 0xbfc00000
  INTEGER 350, -2, -2, -3, -2, -3, 0xc0200000
  INTEGER 360, -1, -1, -2, -1, -1, 0xbfa00000
  INTEGER 370, 0, 0, 0, 1, 1, HALF
  INTEGER 380, 0, 0, -1, 0, 0, 0x80000001

  li a1, 16777217
  ROUNDS 400, NX, 0x4b800000, 0x4b800000, 0x4b800000, 0x4b800001, 0x4b800001, fcvt.s.w fa0, a1
  li a1, -16777217
  ROUNDS 410, NX, 0xcb800000, 0xcb800000, 0xcb800001, 0xcb800000, 0xcb800001, fcvt.s.w fa0, a1
  li a1, 0xffffffff
  ROUNDS 420, NX, 0x4f800000, 0x4f7fffff, 0x4f7fffff, 0x4f800000, 0x4f800000, fcvt.s.wu fa0, a1

  // The instruction behind a change of frm has the new mode, and the one before it the old one.
  CASE 500
  WITH ONE, 0x33000000
  fsrmi 0
  fadd.s fa0, fa1, fa2
  fsrmi 3
  fadd.s fa3, fa1, fa2
  fsrmi 1
  EXPECT_FLOAT fa0, ONE
  EXPECT_FLOAT fa3, 0x3f800001

  TEST_END
