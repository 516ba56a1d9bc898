// SPDX-License-Identifier: MIT OR Apache-2.0
// The fused multiply-adds: one rounding, signs, special values.
#include "float.h"
  FLOAT_BEGIN

  // 2 3 and 1, in all signs.
  TERNARY 1, fmadd.s, 0x40e00000, 0, TWO, 0x40400000, ONE
  TERNARY 2, fmsub.s, 0x40a00000, 0, TWO, 0x40400000, ONE
  TERNARY 3, fnmsub.s, 0xc0a00000, 0, TWO, 0x40400000, ONE
  TERNARY 4, fnmadd.s, 0xc0e00000, 0, TWO, 0x40400000, ONE
  TERNARY 5, fmadd.s, 0xc0a00000, 0, 0xc0000000, 0x40400000, ONE
  TERNARY 6, fnmadd.s, 0x40a00000, 0, TWO, 0xc0400000, ONE

  // The product is not rounded: (1 + 2^-12)^2 is 1 + 2^-11 + 2^-24.
  TERNARY 10, fmadd.s, 0x33800000, 0, 0x3f800800, 0x3f800800, 0xbf801000
  TERNARY 11, fmsub.s, 0x33800000, 0, 0x3f800800, 0x3f800800, 0x3f801000
  TERNARY 12, fnmsub.s, 0xb3800000, 0, 0x3f800800, 0x3f800800, 0x3f801000
  TERNARY 13, fnmadd.s, 0xb3800000, 0, 0x3f800800, 0x3f800800, 0xbf801000
  // Nor is it too large: 2 M - M.
  TERNARY 14, fmsub.s, LARGEST, 0, LARGEST, TWO, LARGEST
  TERNARY 15, fmadd.s, INFINITY, OF | NX, LARGEST, TWO, LARGEST
  // Nor too small: 2^-149 2^-149 2^0 is far below 1.
  TERNARY 16, fmadd.s, ONE, NX, LEAST, LEAST, ONE
  TERNARY 17, fmadd.s, 0x00000002, UF | NX, HALF, LEAST, LEAST       // 1.5 of the least, a tie: to 2
  TERNARY 18, fmadd.s, 0x3f800001, NX, 0x33800000, 0x3f800001, ONE
  TERNARY 19, fmadd.s, ONE, NX, 0x33800000, 0x3f7fffff, ONE

  // An exact 0: + unless both terms are negative.
  TERNARY 20, fmadd.s, ZERO, 0, ONE, ONE, MINUS_ONE
  TERNARY 21, fmsub.s, ZERO, 0, ONE, ONE, ONE
  TERNARY 22, fnmsub.s, ZERO, 0, ONE, ONE, ONE
  TERNARY 23, fnmadd.s, ZERO, 0, ONE, ONE, MINUS_ONE
  TERNARY 24, fmadd.s, ZERO, 0, MINUS_ONE, ZERO, ZERO
  TERNARY 25, fmadd.s, MINUS_ZERO, 0, MINUS_ONE, ZERO, MINUS_ZERO
  TERNARY 26, fnmadd.s, MINUS_ZERO, 0, ONE, ZERO, ZERO
  TERNARY 27, fnmsub.s, ZERO, 0, ONE, ZERO, ZERO

  // Underflow: tiny after rounding, or not.
  TERNARY 30, fmadd.s, LEAST_NORMAL, NX, 0x17800000, 0x97800000, LEAST_NORMAL   // 2^-126 - 2^-160
  TERNARY 31, fmadd.s, LARGEST_SUBNORMAL, UF | NX, 0x17800000, 0x97800000, LARGEST_SUBNORMAL
  TERNARY 32, fmadd.s, ZERO, UF | NX, LEAST, LEAST, ZERO
  TERNARY 33, fmadd.s, 0x00000003, 0, LEAST, TWO, LEAST

  // Infinities and NaNs. 0 times infinity is invalid whatever is added.
  TERNARY 40, fmadd.s, NAN, NV, INFINITY, ZERO, ONE
  TERNARY 41, fmadd.s, NAN, NV, ZERO, MINUS_INFINITY, NAN
  TERNARY 42, fmadd.s, NAN, NV, INFINITY, ONE, MINUS_INFINITY
  TERNARY 43, fmsub.s, NAN, NV, INFINITY, ONE, INFINITY
  TERNARY 44, fmsub.s, INFINITY, 0, INFINITY, ONE, MINUS_INFINITY
  TERNARY 45, fnmadd.s, MINUS_INFINITY, 0, INFINITY, ONE, INFINITY
  TERNARY 46, fnmsub.s, INFINITY, 0, TWO, TWO, INFINITY
  TERNARY 47, fmadd.s, NAN, 0, ONE, 0x7fc00001, ONE
  TERNARY 48, fnmadd.s, NAN, 0, ONE, ONE, 0xffc00001
  TERNARY 49, fmadd.s, NAN, NV, SIGNALLING, ONE, ONE
  TERNARY 50, fmsub.s, NAN, NV, ONE, SIGNALLING, ONE
  TERNARY 51, fnmsub.s, NAN, NV, ONE, ONE, SIGNALLING
  TERNARY 52, fmadd.s, MINUS_INFINITY, 0, LARGEST, LARGEST, MINUS_INFINITY

  // One register for all.
  CASE 60
  FLOAT fa0, 0x40400000
  fmadd.s fa0, fa0, fa0, fa0
  EXPECT_FLOAT fa0, 0x41400000      // 12

  TEST_END
