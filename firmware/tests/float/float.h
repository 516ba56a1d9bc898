/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// Macros of the tests of RV32F, beside those of test.h. Floats are written as their bits, flags as fflags
// has them: NV 16, DZ 8, OF 4, UF 2, NX 1. The macros own fa0 to fa3.
#include "../test.h"

#define ZERO 0x00000000
#define MINUS_ZERO 0x80000000
#define ONE 0x3f800000
#define MINUS_ONE 0xbf800000
#define TWO 0x40000000
#define HALF 0x3f000000
#define LEAST 0x00000001        /* subnormal: 2^-149 */
#define LARGEST_SUBNORMAL 0x007fffff
#define LEAST_NORMAL 0x00800000 /* 2^-126 */
#define LARGEST 0x7f7fffff
#define INFINITY 0x7f800000
#define MINUS_INFINITY 0xff800000
#define NAN 0x7fc00000          /* the canonical one */
#define SIGNALLING 0x7f800001

#define NV 16
#define DZ 8
#define OF 4
#define UF 2
#define NX 1

#define FS_INITIAL (1 << 13)
#define FS_CLEAN (2 << 13)

  // First line of a test: floats are on, fcsr is 0. Case 999 fails on a core without F.
  .macro FLOAT_BEGIN
  TEST_BEGIN
  CASE 999
  li t6, FS_INITIAL
  csrs mstatus, t6
  fscsr zero
  .endm

  .macro FLOAT register, bits
  li t6, \bits
  fmv.w.x \register, t6
  .endm

  .macro EXPECT_FLOAT register, bits
  fmv.x.w t5, \register
  EXPECT t5, \bits
  .endm

  // Since the flags were cleared last; clears them.
  .macro EXPECT_FLAGS flags
  fsflags t5, zero
  EXPECT t5, \flags
  .endm

  // An operation on one, two and three float registers: to another one, and to each operand.
  .macro UNARY number, operation, expected, flags, a
  CASE \number
  FLOAT fa1, \a
  \operation fa0, fa1
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa0, \expected
  EXPECT_FLOAT fa1, \a
  \operation fa1, fa1
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa1, \expected
  .endm

  .macro BINARY number, operation, expected, flags, a, b
  CASE \number
  FLOAT fa1, \a
  FLOAT fa2, \b
  \operation fa0, fa1, fa2
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa0, \expected
  EXPECT_FLOAT fa1, \a
  EXPECT_FLOAT fa2, \b
  \operation fa1, fa1, fa2
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa1, \expected
  FLOAT fa1, \a
  \operation fa2, fa1, fa2
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa2, \expected
  .endm

  .macro TERNARY number, operation, expected, flags, a, b, c
  CASE \number
  FLOAT fa1, \a
  FLOAT fa2, \b
  FLOAT fa3, \c
  \operation fa0, fa1, fa2, fa3
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa0, \expected
  EXPECT_FLOAT fa1, \a
  EXPECT_FLOAT fa2, \b
  EXPECT_FLOAT fa3, \c
  \operation fa3, fa1, fa2, fa3
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa3, \expected
  .endm

  // From a float to an integer register, and the other way; `more` is a rounding mode.
  .macro TO_INTEGER number, operation, expected, flags, a, more:vararg
  CASE \number
  FLOAT fa1, \a
  .ifb \more
  \operation a0, fa1
  .else
  \operation a0, fa1, \more
  .endif
  EXPECT_FLAGS \flags
  EXPECT a0, \expected
  EXPECT_FLOAT fa1, \a
  .endm

  .macro FROM_INTEGER number, operation, expected, flags, a, more:vararg
  CASE \number
  li a1, \a
  .ifb \more
  \operation fa0, a1
  .else
  \operation fa0, a1, \more
  .endif
  EXPECT_FLAGS \flags
  EXPECT_FLOAT fa0, \expected
  EXPECT a1, \a
  .endm

  // Of two floats, to an integer register.
  .macro COMPARE number, operation, expected, flags, a, b
  CASE \number
  FLOAT fa1, \a
  FLOAT fa2, \b
  \operation a0, fa1, fa2
  EXPECT_FLAGS \flags
  EXPECT a0, \expected
  .endm
