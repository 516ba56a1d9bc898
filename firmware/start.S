// SPDX-License-Identifier: MIT OR Apache-2.0
// From reset to main and from main to tohost; the trap vector. Programs in assembly start here too.
  .option norelax

  .section .text.init, "ax"
  .globl _start
_start:
  la gp, __global_pointer$
  la sp, __stack_top
  la t0, trap_vector
  csrw mtvec, t0
  la t0, __bss_start
  la t1, __bss_end
1:
  bgeu t0, t1, 2f
  sw zero, 0(t0)
  addi t0, t0, 4
  j 1b
2:
  call main

// void exit(int number): 0 is a pass, n that test n failed. tohost gets n << 1 | 1.
  .globl exit
exit:
  csrci mstatus, 8
  slli a0, a0, 1
  ori a0, a0, 1
  la t0, tohost
  sw a0, 0(t0)
1:
  j 1b

  .section .tohost, "aw"
  .globl tohost
tohost:
  .word 0, 0

// Every trap comes here unless the program sets mtvec. The handler is a function in C (runtime.h):
//   uint32_t handle_trap(uint32_t cause, uint32_t pc, uint32_t value)
// which returns the address to go on at. While it runs, a further trap ends the program.
  .set FRAME, 64
  .section .text.trap, "ax"
  .balign 4
trap_vector:
  csrw mscratch, t0
  la t0, trap_in_trap
  csrw mtvec, t0
  csrr t0, mscratch
  addi sp, sp, -FRAME
  .set slot, 0
  .irp register, ra, t0, t1, t2, t3, t4, t5, t6, a0, a1, a2, a3, a4, a5, a6, a7
  sw \register, slot(sp)
  .set slot, slot + 4
  .endr
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call handle_trap
  csrw mepc, a0
  la t0, trap_vector
  csrw mtvec, t0
  .set slot, 0
  .irp register, ra, t0, t1, t2, t3, t4, t5, t6, a0, a1, a2, a3, a4, a5, a6, a7
  lw \register, slot(sp)
  .set slot, slot + 4
  .endr
  addi sp, sp, FRAME
  mret

  .balign 4
trap_in_trap:
  li a0, 1999
  j exit
