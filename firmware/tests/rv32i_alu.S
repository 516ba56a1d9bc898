// SPDX-License-Identifier: MIT OR Apache-2.0
// Arithmetic, logic and shifts between registers.
#include "test.h"
  TEST_BEGIN

  OPERATION 1, add, 0, 0, 0
  OPERATION 2, add, 3, 1, 2
  OPERATION 3, add, 0, 1, 0xffffffff
  OPERATION 4, add, 0x80000000, 0x7fffffff, 1
  OPERATION 5, add, 0, 0x80000000, 0x80000000
  OPERATION 6, add, 0xffffffff, 0xaaaaaaaa, 0x55555555
  OPERATION 7, add, 0x12344444, 0xabcdef00, 0x66665544

  OPERATION 11, sub, 0, 0, 0
  OPERATION 12, sub, 0xffffffff, 1, 2
  OPERATION 13, sub, 0x80000000, 0, 0x80000000
  OPERATION 14, sub, 0x7fffffff, 0x80000000, 1
  OPERATION 15, sub, 1, 0, 0xffffffff
  OPERATION 16, sub, 0x01010101, 0x12345678, 0x11335577

  OPERATION 21, slt, 0, 5, 5
  OPERATION 22, slt, 1, 0xffffffff, 0
  OPERATION 23, slt, 0, 0, 0xffffffff
  OPERATION 24, slt, 1, 0x80000000, 0x7fffffff
  OPERATION 25, slt, 0, 0x7fffffff, 0x80000000
  OPERATION 26, slt, 1, 0x80000000, 0x80000001
  OPERATION 27, slt, 1, 6, 7

  OPERATION 31, sltu, 0, 5, 5
  OPERATION 32, sltu, 0, 0xffffffff, 0
  OPERATION 33, sltu, 1, 0, 0xffffffff
  OPERATION 34, sltu, 0, 0x80000000, 0x7fffffff
  OPERATION 35, sltu, 1, 0x7fffffff, 0x80000000
  OPERATION 36, sltu, 1, 0xfffffffe, 0xffffffff

  OPERATION 41, xor, 0xffffffff, 0xaaaaaaaa, 0x55555555
  OPERATION 42, xor, 0, 0xdeadbeef, 0xdeadbeef
  OPERATION 43, xor, 0xff0000ff, 0xff00ff00, 0x0000ffff
  OPERATION 44, or, 0xffffffff, 0xaaaaaaaa, 0x55555555
  OPERATION 45, or, 0xff00ffff, 0xff00ff00, 0x0000ffff
  OPERATION 46, or, 0, 0, 0
  OPERATION 47, and, 0, 0xaaaaaaaa, 0x55555555
  OPERATION 48, and, 0x0000ff00, 0xff00ff00, 0x0000ffff
  OPERATION 49, and, 0xffffffff, 0xffffffff, 0xffffffff

  // A shift takes the low five bits of its second operand.
  OPERATION 51, sll, 0x1357ace1, 0x1357ace1, 0
  OPERATION 52, sll, 0x26af59c2, 0x1357ace1, 1
  OPERATION 53, sll, 0xabd67080, 0x1357ace1, 7
  OPERATION 54, sll, 0xeb384000, 0x1357ace1, 14
  OPERATION 55, sll, 0x80000000, 0x1357ace1, 31
  OPERATION 56, sll, 0x1357ace1, 0x1357ace1, 32
  OPERATION 57, sll, 0x26af59c2, 0x1357ace1, 0xffffffe1

  OPERATION 61, srl, 0xb3579bdf, 0xb3579bdf, 0
  OPERATION 62, srl, 0x59abcdef, 0xb3579bdf, 1
  OPERATION 63, srl, 0x0166af37, 0xb3579bdf, 7
  OPERATION 64, srl, 0x00000001, 0xb3579bdf, 31
  OPERATION 65, srl, 0x00000000, 0x7a3c91e5, 31
  OPERATION 66, srl, 0xb3579bdf, 0xb3579bdf, 0x80000000
  OPERATION 67, srl, 0x59abcdef, 0xb3579bdf, 33

  OPERATION 71, sra, 0xb3579bdf, 0xb3579bdf, 0
  OPERATION 72, sra, 0xd9abcdef, 0xb3579bdf, 1
  OPERATION 73, sra, 0xff66af37, 0xb3579bdf, 7
  OPERATION 74, sra, 0xffffffff, 0xb3579bdf, 31
  OPERATION 75, sra, 0x00000000, 0x7a3c91e5, 31
  OPERATION 76, sra, 0x00f47923, 0x7a3c91e5, 7
  OPERATION 77, sra, 0xd9abcdef, 0xb3579bdf, 0xffffffe1

  TEST_END
