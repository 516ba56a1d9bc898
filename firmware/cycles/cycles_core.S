// SPDX-License-Identifier: MIT OR Apache-2.0
// Cycles of the instructions of the core.
#include "cycles.h"
  CYCLES_BEGIN

  CLASS alu, 0, "li a0, 1; li a1, 3", "add a0, a0, a1"
  CLASS alu_immediate, 0, "li a0, 1", "xori a0, a0, 5"
  CLASS shift, 0, "li a0, 1; li a1, 3", "sll a0, a0, a1"
  CLASS lui, 0, "nop", "lui a0, 0x12345"
  CLASS auipc, 0, "nop", "auipc a0, 0x12345"
  // Two to a word, and of 32 bits across two words.
  CLASS alu_compressed, 0, "li a0, 1; li a1, 3", ".option rvc; c.add a0, a1; .option norvc"
  CLASS alu_across_words, 2, "li a0, 1; li a1, 3", ".option rvc; c.nop; .option norvc; add a0, a0, a1; .option rvc; c.nop; .option norvc"

  CLASS mul, 0, "li a0, 7; li a1, 3", "mul a0, a0, a1"
  CLASS mulh, 0, "li a0, 7; li a1, -3", "mulh a0, a0, a1"
  CLASS mulhu, 0, "li a0, 7; li a1, -3", "mulhu a0, a0, a1"
  CLASS mulhsu, 0, "li a0, 7; li a1, -3", "mulhsu a0, a0, a1"

  // By the leading zeros of the divisor: none, 16, 31; 0 itself.
  CLASS divu_0_zeros, 0, "li a0, -1; li a1, 0x80000000", "divu a2, a0, a1"
  CLASS divu_16_zeros, 0, "li a0, -1; li a1, 0x8000", "divu a2, a0, a1"
  CLASS divu_31_zeros, 0, "li a0, -1; li a1, 1", "divu a2, a0, a1"
  CLASS divu_by_0, 0, "li a0, -1; li a1, 0", "divu a2, a0, a1"
  CLASS remu_31_zeros, 0, "li a0, -1; li a1, 1", "remu a2, a0, a1"
  CLASS div_1_zero, 0, "li a0, 0x7fffffff; li a1, 0x7ffffffe", "div a2, a0, a1"
  CLASS div_negative, 0, "li a0, 0x80000000; li a1, -1", "div a2, a0, a1"
  CLASS rem_negative, 0, "li a0, -7; li a1, 3", "rem a2, a0, a1"

  CLASS load, 0, "la a0, area", "lw a1, 0(a0)"
  CLASS load_byte, 0, "la a0, area", "lb a1, 3(a0)"
  CLASS load_compressed, 0, "la a0, area", ".option rvc; c.lw a1, 0(a0); .option norvc"
  CLASS load_use, 1, "la a0, area", "lw a1, 0(a0); add a2, a1, a1"
  CLASS load_then_use_later, 2, "la a0, area", "lw a1, 0(a0); nop; add a2, a1, a1"
  CLASS load_across_words, 0, "la a0, area", "lw a1, 2(a0)"
  CLASS load_half_across_words, 0, "la a0, area", "lh a1, 3(a0)"
  CLASS store, 0, "la a0, area", "sw a1, 0(a0)"
  CLASS store_across_words, 0, "la a0, area", "sw a1, 2(a0)"
  CLASS store_of_load, 1, "la a0, area", "lw a1, 0(a0); sw a1, 4(a0)"
  CLASS load_behind_store, 1, "la a0, area", "sw a0, 0(a0); lw a1, 4(a0)"

  CLASS jal, 0, "nop", "jal x0, 1f; nop; 1:"
  CLASS jal_compressed, 0, "nop", ".option rvc; c.j 1f; c.nop; 1: .option norvc"
  CLASS jal_to_across_words, 2, "nop", "jal x0, 1f; .option rvc; c.nop; .option norvc; 1: addi a0, a0, 1; .option rvc; c.nop; .option norvc"
  CLASS jalr, 3, "la a0, 2f; addi a0, a0, -12", "nop; addi a0, a0, 16; nop; 2: jalr x0, 0(a0)"
  CLASS jalr_behind_producer, 1, "la a0, 2f; addi a0, a0, -4", "addi a0, a0, 8; 2: jalr x0, 0(a0)"
  CLASS jalr_behind_load, 4, "la a0, area", "la a1, 2f; sw a1, 0(a0); lw a1, 0(a0); jalr x0, 0(a1); 2:"
  CLASS branch_not_taken, 0, "li a0, 1", "beqz a0, 1f; 1:"
  CLASS branch_taken, 0, "li a0, 1", "bnez a0, 1f; nop; 1:"
  CLASS branch_compressed_taken, 0, "li a0, 1", ".option rvc; c.bnez a0, 1f; c.nop; 1: .option norvc"
  CLASS branch_taken_to_across_words, 2, "li a0, 1", "bnez a0, 1f; .option rvc; c.nop; .option norvc; 1: addi a1, a1, 1; .option rvc; c.nop; .option norvc"

  CLASS csr_mscratch, 0, "nop", "csrrw a0, mscratch, a0"
  CLASS csr_mtval, 0, "nop", "csrrs a0, mtval, zero"
  CLASS csr_read_mcycle, 0, "nop", "csrr a0, mcycle"
  CLASS csr_write_minstret, 0, "nop", "csrw minstret, a0"
  CLASS csr_mstatus, 0, "nop", "csrrs a0, mstatus, zero"
  CLASS csr_write_mepc, 0, "nop", "csrw mepc, a0"
  CLASS csr_write_mie, 0, "nop", "csrw mie, zero"
  CLASS fence, 0, "nop", "fence"
  CLASS fence_i, 0, "nop", "fence.i"
  CLASS fence_i_behind_store, 1, "la a0, area", "sw a0, 0(a0); fence.i"

  // Traps: to the handler, which takes six cycles with its mret, and back.
  CLASS mret, 3, "nop", "la a0, 1f; csrw mepc, a0; mret; 1:"
  CLASS exception, 6, "la a0, handler; csrw mtvec, a0", "ecall"
  CLASS exception_illegal, 6, "la a0, handler; csrw mtvec, a0", ".word 0xffffffff"
  CLASS access_fault, 6, "la a0, handler; csrw mtvec, a0; li a1, 0x40000000", "lw a2, 0(a1)"

  // Nine instructions of a loop as compilers make it.
  CLASS mixed, 0, "la a0, area; li a1, 3", "lw a2, 0(a0); addi a3, a3, 1; mul a4, a2, a1; add a5, a4, a3; sw a5, 4(a0); xor a6, a5, a2; srli a6, a6, 3; addi a7, a7, 1; bnez a0, 1f; nop; 1:"

  CYCLES_END

  ALIGN
handler:
  csrr a0, mepc
  addi a0, a0, 4
  csrw mepc, a0
  mret
