// SPDX-License-Identifier: MIT OR Apache-2.0
// Comparisons, minimum and maximum, injection of signs, fclass.
#include "float.h"
  FLOAT_BEGIN

  .macro ORDER number, a, b, equal, less
  COMPARE \number, feq.s, \equal, 0, \a, \b
  COMPARE \number, flt.s, \less, 0, \a, \b
  COMPARE \number, fle.s, \equal | \less, 0, \a, \b
  .endm
  ORDER 1, ONE, ONE, 1, 0
  ORDER 2, ONE, TWO, 0, 1
  ORDER 3, TWO, ONE, 0, 0
  ORDER 4, MINUS_ONE, ONE, 0, 1
  ORDER 5, ONE, MINUS_ONE, 0, 0
  ORDER 6, 0xc0000000, MINUS_ONE, 0, 1
  ORDER 7, MINUS_ONE, 0xc0000000, 0, 0
  ORDER 8, ZERO, MINUS_ZERO, 1, 0
  ORDER 9, MINUS_ZERO, ZERO, 1, 0
  ORDER 10, LEAST, 0x00000002, 0, 1
  ORDER 11, 0x80000001, LEAST, 0, 1
  ORDER 12, MINUS_ZERO, LEAST, 0, 1
  ORDER 13, 0x80000001, ZERO, 0, 1
  ORDER 14, LARGEST, INFINITY, 0, 1
  ORDER 15, MINUS_INFINITY, 0xff7fffff, 0, 1
  ORDER 16, INFINITY, INFINITY, 1, 0
  ORDER 17, MINUS_INFINITY, INFINITY, 0, 1

  // feq is quiet: a NaN that does not signal raises nothing.
  .macro UNORDERED number, a, b, equal_flags
  COMPARE \number, feq.s, 0, \equal_flags, \a, \b
  COMPARE \number, flt.s, 0, NV, \a, \b
  COMPARE \number, fle.s, 0, NV, \a, \b
  .endm
  UNORDERED 20, NAN, ONE, 0
  UNORDERED 21, ONE, NAN, 0
  UNORDERED 22, NAN, NAN, 0
  UNORDERED 23, 0xffc00000, MINUS_INFINITY, 0
  UNORDERED 24, SIGNALLING, ONE, NV
  UNORDERED 25, ONE, 0xffbfffff, NV
  UNORDERED 26, SIGNALLING, SIGNALLING, NV

  .macro BOTH number, smaller, larger, flags, a, b
  BINARY \number, fmin.s, \smaller, \flags, \a, \b
  BINARY \number, fmax.s, \larger, \flags, \a, \b
  .endm
  BOTH 30, ONE, TWO, 0, ONE, TWO
  BOTH 31, MINUS_ONE, ONE, 0, ONE, MINUS_ONE
  BOTH 32, 0xc0000000, MINUS_ONE, 0, MINUS_ONE, 0xc0000000
  BOTH 33, MINUS_ZERO, ZERO, 0, ZERO, MINUS_ZERO
  BOTH 34, MINUS_ZERO, ZERO, 0, MINUS_ZERO, ZERO
  BOTH 35, MINUS_INFINITY, LEAST, 0, LEAST, MINUS_INFINITY
  BOTH 36, LARGEST, INFINITY, 0, INFINITY, LARGEST
  // The number, if the other one is none.
  BOTH 37, ONE, ONE, 0, NAN, ONE
  BOTH 38, MINUS_INFINITY, MINUS_INFINITY, 0, MINUS_INFINITY, 0xffc12345
  BOTH 39, ONE, ONE, NV, SIGNALLING, ONE
  BOTH 40, ONE, ONE, NV, ONE, 0xff800001
  BOTH 41, NAN, NAN, 0, 0xffc00000, 0x7fc00001
  BOTH 42, NAN, NAN, NV, SIGNALLING, NAN
  BOTH 43, NAN, NAN, NV, NAN, SIGNALLING

  // Bits alone count: NaNs keep theirs, and nothing is raised.
  BINARY 50, fsgnj.s, ONE, 0, MINUS_ONE, TWO
  BINARY 51, fsgnj.s, MINUS_ONE, 0, ONE, 0xc0000000
  BINARY 52, fsgnjn.s, MINUS_ONE, 0, MINUS_ONE, TWO
  BINARY 53, fsgnjn.s, ONE, 0, ONE, 0xc0000000
  BINARY 54, fsgnjx.s, MINUS_ONE, 0, MINUS_ONE, TWO
  BINARY 55, fsgnjx.s, ONE, 0, MINUS_ONE, 0xc0000000
  BINARY 56, fsgnj.s, 0xff812345, 0, 0x7f812345, MINUS_ZERO
  BINARY 57, fsgnjn.s, 0xffc12345, 0, 0x7fc12345, SIGNALLING
  BINARY 58, fsgnjx.s, 0x7f812345, 0, 0xff812345, 0xff800001

  TO_INTEGER 60, fclass.s, 1 << 0, 0, MINUS_INFINITY
  TO_INTEGER 61, fclass.s, 1 << 1, 0, MINUS_ONE
  TO_INTEGER 62, fclass.s, 1 << 1, 0, 0x80800000
  TO_INTEGER 63, fclass.s, 1 << 2, 0, 0x807fffff
  TO_INTEGER 64, fclass.s, 1 << 2, 0, 0x80000001
  TO_INTEGER 65, fclass.s, 1 << 3, 0, MINUS_ZERO
  TO_INTEGER 66, fclass.s, 1 << 4, 0, ZERO
  TO_INTEGER 67, fclass.s, 1 << 5, 0, LEAST
  TO_INTEGER 68, fclass.s, 1 << 5, 0, LARGEST_SUBNORMAL
  TO_INTEGER 69, fclass.s, 1 << 6, 0, LEAST_NORMAL
  TO_INTEGER 70, fclass.s, 1 << 6, 0, LARGEST
  TO_INTEGER 71, fclass.s, 1 << 7, 0, INFINITY
  TO_INTEGER 72, fclass.s, 1 << 8, 0, SIGNALLING
  TO_INTEGER 73, fclass.s, 1 << 8, 0, 0xffbfffff
  TO_INTEGER 74, fclass.s, 1 << 9, 0, NAN
  TO_INTEGER 75, fclass.s, 1 << 9, 0, 0xffffffff

  TEST_END
