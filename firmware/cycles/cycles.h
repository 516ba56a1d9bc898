/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// Macros of the programs that measure the cycles of instructions. Each class is a piece of code that is
// executed SHORT times in a row, then LONG times, between two readings of mcycle: the difference, by
// their difference, is what one piece takes, without what the readings and the ends of the row add.
//
// A program is CYCLES_BEGIN, classes, CYCLES_END. It prints a line `class cycles` for each, in the order
// of the source, and leaves hundredths of cycles as words in the signature.
#include "soc.h"

#define SHORT 16
#define LONG 80

  .option norvc
  .option norelax

  .macro ALIGN
  .option push
  .option rvc
  .balign 4
  .option pop
  .endm

  .macro CYCLES_BEGIN
  .section .rodata
  .balign 4
classes:
  .text
  .endm

  // `code`, of which the instructions that are not measured take `others` cycles. `setup` comes before
  // the first reading. s2, s3 and ra are not theirs; a0 to a7 and t0 to t6 are.
  .macro CLASS name, others, setup, code
  .section .rodata.names
8001:
  .asciz "\name"
  .text
  ALIGN
8002:
  ROW SHORT, "\setup", "\code"
  ALIGN
8003:
  ROW LONG, "\setup", "\code"
  .section .rodata
  .word 8001b, 8002b, 8003b, \others
  .section .signature, "aw"
  .word 0
  .text
  .endm

  .macro ROW times, setup, code
  \setup
  .rept 4
  nop
  .endr
  csrr s2, mcycle
  ALIGN
  .rept \times
  \code
  .endr
  csrr s3, mcycle
  sub a0, s3, s2
  ret
  .endm

  .macro CYCLES_END
  .section .rodata
  .word 0
  .text
  ALIGN
  .globl main
main:
  addi sp, sp, -16
  sw ra, 12(sp)
  la s0, classes
  la s1, begin_signature
  csrw mcountinhibit, zero
1:
  lw t0, 4(s0)
  jalr t0
  mv s4, a0
  lw t0, 8(s0)
  jalr t0
  sub a0, a0, s4
  // Hundredths, rounded.
  li t0, 100
  mul a0, a0, t0
  addi a0, a0, (LONG - SHORT) / 2
  li t1, LONG - SHORT
  divu a0, a0, t1
  lw t1, 12(s0)
  mul t1, t1, t0
  sub a0, a0, t1
  sw a0, 0(s1)
  divu a2, a0, t0
  remu a3, a0, t0
  lw a1, 0(s0)
  la a0, line
  call printf
  addi s0, s0, 16
  addi s1, s1, 4
  lw t0, 0(s0)
  bnez t0, 1b
  li a0, 0
  lw ra, 12(sp)
  addi sp, sp, 16
  ret
  .section .rodata.names
line:
  .asciz "%s %u.%02u\n"

  .data
  .balign 4
area:
  .word 0x01234567, 0x89abcdef, 3, 5, 7, 9, 11, 13
  .text
  .endm
