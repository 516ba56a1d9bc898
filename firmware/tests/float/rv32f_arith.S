// SPDX-License-Identifier: MIT OR Apache-2.0
// fadd, fsub, fmul, fdiv and fsqrt to nearest: results and flags.
#include "float.h"
  FLOAT_BEGIN

  BINARY 1, fadd.s, 0x40400000, 0, ONE, TWO
  BINARY 2, fadd.s, 0xc0200000, 0, 0x3f000000, 0xc0400000        // 0.5 - 3
  BINARY 3, fadd.s, ZERO, 0, ONE, MINUS_ONE
  BINARY 4, fadd.s, ZERO, 0, ZERO, MINUS_ZERO
  BINARY 5, fadd.s, MINUS_ZERO, 0, MINUS_ZERO, MINUS_ZERO
  // A tie, to the even neighbour below and above; a bit more than one.
  BINARY 6, fadd.s, ONE, NX, ONE, 0x33800000                     // 1 + 2^-24
  BINARY 7, fadd.s, 0x3f800002, NX, 0x3f800001, 0x33800000
  BINARY 8, fadd.s, 0x3f800001, NX, ONE, 0x33800001
  // The carry of rounding goes into the exponent.
  BINARY 9, fadd.s, TWO, NX, 0x3fffffff, 0x33800000
  // Far apart.
  BINARY 10, fadd.s, ONE, NX, ONE, LEAST
  BINARY 11, fadd.s, 0x4b800000, NX, 0x4b800000, ONE             // 2^24 + 1
  BINARY 12, fadd.s, INFINITY, OF | NX, LARGEST, LARGEST
  BINARY 13, fadd.s, LARGEST, NX, LARGEST, ONE
  BINARY 14, fadd.s, INFINITY, OF | NX, LARGEST, 0x73000000      // and half of its last bit
  BINARY 15, fadd.s, MINUS_INFINITY, 0, MINUS_INFINITY, LARGEST
  BINARY 16, fadd.s, NAN, NV, INFINITY, MINUS_INFINITY
  // Subnormal numbers are exact.
  BINARY 17, fadd.s, 0x00000002, 0, LEAST, LEAST
  BINARY 18, fadd.s, LEAST_NORMAL, 0, LARGEST_SUBNORMAL, LEAST
  BINARY 19, fadd.s, LARGEST_SUBNORMAL, 0, LEAST_NORMAL, 0x80000001
  // The payload of a NaN goes away, and its sign.
  BINARY 20, fadd.s, NAN, 0, 0xffc12345, ONE
  BINARY 21, fadd.s, NAN, NV, ONE, SIGNALLING
  BINARY 22, fadd.s, NAN, NV, 0xffa00000, NAN

  BINARY 30, fsub.s, TWO, 0, 0x40400000, ONE
  BINARY 31, fsub.s, ZERO, 0, 0x3dcccccd, 0x3dcccccd
  BINARY 32, fsub.s, 0x33800000, 0, ONE, 0x3f7fffff              // all bits but the last cancel
  BINARY 33, fsub.s, LARGEST_SUBNORMAL, 0, LEAST_NORMAL, LEAST
  BINARY 34, fsub.s, MINUS_ZERO, 0, MINUS_ZERO, ZERO
  BINARY 35, fsub.s, NAN, NV, INFINITY, INFINITY
  BINARY 36, fsub.s, INFINITY, 0, INFINITY, MINUS_INFINITY
  BINARY 37, fsub.s, ONE, NX, ONE, 0x33000000                    // 1 - 2^-25: a tie
  BINARY 38, fsub.s, 0x3f7fffff, NX, ONE, 0x33400000             // 1 - 3 2^-26
  BINARY 39, fsub.s, NAN, NV, SIGNALLING, ONE

  BINARY 50, fmul.s, 0x40100000, 0, 0x3fc00000, 0x3fc00000       // 1.5^2
  BINARY 51, fmul.s, 0xc1200000, 0, 0x40a00000, 0xc0000000       // 5 (-2)
  BINARY 52, fmul.s, MINUS_ZERO, 0, MINUS_ONE, ZERO
  BINARY 53, fmul.s, 0x3f801000, NX, 0x3f800800, 0x3f800800      // (1 + 2^-12)^2: a tie
  BINARY 54, fmul.s, 0x40000000, NX, 0x3fb504f3, 0x3fb504f4      // a little more than 2
  BINARY 55, fmul.s, INFINITY, OF | NX, LARGEST, TWO
  BINARY 56, fmul.s, MINUS_INFINITY, 0, INFINITY, MINUS_ONE
  BINARY 57, fmul.s, NAN, NV, INFINITY, ZERO
  BINARY 58, fmul.s, 0x00400000, 0, LEAST_NORMAL, HALF           // subnormal and exact: no underflow
  BINARY 59, fmul.s, ZERO, UF | NX, LEAST, HALF                  // a tie
  BINARY 60, fmul.s, 0x00000002, UF | NX, 0x00000003, HALF       // a tie
  BINARY 61, fmul.s, MINUS_ZERO, UF | NX, 0x80000001, LEAST
  BINARY 62, fmul.s, 0x34800000, 0, LEAST, 0x7f000000            // 2^-149 2^127
  // Tiny is what is below 2^-126 after rounding to 24 bits, whatever the exponent.
  BINARY 63, fmul.s, LEAST_NORMAL, UF | NX, 0x00ffffff, HALF     // (2 - 2^-23) 2^-127: a tie
  BINARY 64, fmul.s, LEAST_NORMAL, NX, 0x00800001, 0x3f7fffff    // just above 2^-126
  BINARY 65, fmul.s, NAN, 0, NAN, ZERO
  BINARY 66, fmul.s, NAN, NV, INFINITY, 0xff800001

  BINARY 70, fdiv.s, TWO, 0, 0x40c00000, 0x40400000              // 6 / 3
  BINARY 71, fdiv.s, 0x3eaaaaab, NX, ONE, 0x40400000
  BINARY 72, fdiv.s, 0xbf2aaaab, NX, 0xc0000000, 0x40400000
  BINARY 73, fdiv.s, INFINITY, DZ, ONE, ZERO
  BINARY 74, fdiv.s, MINUS_INFINITY, DZ, ONE, MINUS_ZERO
  BINARY 75, fdiv.s, NAN, NV, ZERO, MINUS_ZERO
  BINARY 76, fdiv.s, NAN, NV, INFINITY, MINUS_INFINITY
  BINARY 77, fdiv.s, MINUS_INFINITY, 0, INFINITY, MINUS_ZERO     // no division of a finite number
  BINARY 78, fdiv.s, MINUS_ZERO, 0, MINUS_ONE, INFINITY
  BINARY 79, fdiv.s, ZERO, 0, ZERO, TWO
  BINARY 80, fdiv.s, INFINITY, OF | NX, LARGEST, HALF
  BINARY 81, fdiv.s, INFINITY, OF | NX, ONE, LEAST
  BINARY 82, fdiv.s, 0x40400000, 0, 0x00000003, LEAST
  BINARY 83, fdiv.s, ZERO, UF | NX, LEAST, TWO
  BINARY 84, fdiv.s, 0x00000002, UF | NX, 0x00000003, TWO
  BINARY 85, fdiv.s, 0x00400000, 0, LEAST_NORMAL, TWO
  BINARY 86, fdiv.s, 0x00200000, UF | NX, ONE, LARGEST           // a bit more than 2^-128
  BINARY 87, fdiv.s, 0x3f800001, NX, 0x3f800002, 0x3f800001
  BINARY 88, fdiv.s, 0x3f7fffff, 0, 0x3f7fffff, ONE
  BINARY 89, fdiv.s, 0x3f800001, NX, ONE, 0x3f7fffff
  BINARY 90, fdiv.s, NAN, 0, ZERO, 0x7fc00001
  BINARY 91, fdiv.s, NAN, NV, SIGNALLING, ZERO
  BINARY 92, fdiv.s, 0x4b000000, 0, LEAST_NORMAL, LEAST          // 2^23

  UNARY 100, fsqrt.s, TWO, 0, 0x40800000
  UNARY 101, fsqrt.s, 0x3fb504f3, NX, TWO
  UNARY 102, fsqrt.s, 0x3fddb3d7, NX, 0x40400000
  UNARY 103, fsqrt.s, ZERO, 0, ZERO
  UNARY 104, fsqrt.s, MINUS_ZERO, 0, MINUS_ZERO
  UNARY 105, fsqrt.s, NAN, NV, MINUS_ONE
  UNARY 106, fsqrt.s, NAN, NV, MINUS_INFINITY
  UNARY 107, fsqrt.s, NAN, NV, 0x80000001
  UNARY 108, fsqrt.s, INFINITY, 0, INFINITY
  UNARY 109, fsqrt.s, 0x1a3504f3, NX, LEAST                      // 2^-74.5
  UNARY 110, fsqrt.s, 0x1a800000, 0, 0x00000002                  // 2^-74
  UNARY 111, fsqrt.s, 0x5f7fffff, NX, LARGEST
  UNARY 112, fsqrt.s, 0x3f7fffff, NX, 0x3f7fffff
  UNARY 113, fsqrt.s, ONE, NX, 0x3f800001
  UNARY 114, fsqrt.s, NAN, 0, 0xffffffff
  UNARY 115, fsqrt.s, NAN, NV, 0xff800001

  // One register for both operands, and for all.
  CASE 120
  FLOAT fa0, 0x40400000
  fadd.s fa1, fa0, fa0
  EXPECT_FLOAT fa1, 0x40c00000
  fmul.s fa0, fa0, fa0
  EXPECT_FLOAT fa0, 0x41100000
  fdiv.s fa0, fa0, fa0
  EXPECT_FLOAT fa0, ONE
  fsub.s fa0, fa0, fa0
  EXPECT_FLOAT fa0, ZERO
  EXPECT_FLAGS 0

  // Each register holds a value of its own, f0 too.
  CASE 121
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  li a0, ONE + \n
  fmv.w.x f\n, a0
  .endr
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  EXPECT_FLOAT f\n, ONE + \n
  .endr

  TEST_END
