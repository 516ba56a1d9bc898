# SPDX-License-Identifier: MIT OR Apache-2.0
# Every instruction of RV32IMFC, Zicsr and Zifencei with the extremes of its operands: what generate.sh
# assembles.
.option norelax
.option norvc
.irp op, lui, auipc
  \op zero, 0
  \op t6, 0xfffff
  \op a0, 0x80000
  \op s0, 0x12345
.endr
.irp offset, 0, 2, 0x7fe, 0x800, 0xff000, 0xffffe, -2, -0x100000, 0x5a5a6, -0x5a5a6
  jal ra, . + \offset
.endr
jal zero, . + 4
.irp offset, 0, 1, 2047, -1, -2048, 0x555
  jalr ra, \offset(t6)
.endr
jalr zero, 0(ra)
.irp op, beq, bne, blt, bge, bltu, bgeu
  \op zero, t6, . + 0
  \op a0, s11, . + 4094
  \op s11, a0, . - 4096
  \op t6, zero, . + 0x556
  \op t0, t1, . - 0x556
  \op sp, gp, . + 0x800
.endr
.irp op, lb, lh, lw, lbu, lhu, sb, sh, sw
  \op zero, 0(t6)
  \op a0, 2047(s11)
  \op t6, -2048(zero)
  \op s3, 0x555(a7)
  \op s4, -1(tp)
.endr
.irp op, addi, slti, sltiu, xori, ori, andi
  \op zero, t6, 0
  \op t6, zero, 2047
  \op a0, s11, -2048
  \op s11, a5, -1
  \op s2, s2, 0x555
.endr
.irp op, slli, srli, srai
  \op zero, t6, 0
  \op t6, zero, 31
  \op a0, s11, 1
  \op s11, a5, 21
.endr
.irp op, add, sub, sll, slt, sltu, xor, srl, sra, or, and, mul, mulh, mulhsu, mulhu, div, divu, rem, remu
  \op zero, t6, ra
  \op t6, zero, s5
  \op a0, s11, zero
.endr
fence
fence r, w
fence w, r
fence i, o
fence io, rw
fence.tso
fence.i
ecall
ebreak
mret
wfi
.irp op, csrrw, csrrs, csrrc
  \op zero, mscratch, t6
  \op t6, mstatus, zero
  \op s5, mcycleh, a0
.endr
.irp op, csrrwi, csrrsi, csrrci
  \op zero, mtval, 31
  \op t6, mip, 0
  \op s5, mtvec, 21
.endr
.irp csr, mstatus, misa, mie, mtvec, mstatush, mcountinhibit, mhpmevent3, mhpmevent31, mscratch, mepc, mcause, mtval, mip
  csrrs a0, \csr, zero
.endr
.irp csr, mcycle, minstret, mhpmcounter3, mhpmcounter31, mcycleh, minstreth, mhpmcounter3h, mhpmcounter31h
  csrrs a0, \csr, zero
.endr
.irp csr, cycle, instret, cycleh, instreth, mvendorid, marchid, mimpid, mhartid, mconfigptr
  csrrs a0, \csr, zero
.endr

.option rvc
.irp imm, 4, 8, 16, 32, 64, 128, 256, 512, 1020, 0x154, 0x2a8
  c.addi4spn a5, sp, \imm
.endr
c.addi4spn s0, sp, 4
.irp op, c.lw, c.sw
  .irp imm, 0, 4, 8, 16, 32, 64, 124, 0x54, 0x28
    \op s0, \imm(a5)
    \op a5, \imm(s0)
  .endr
.endr
.irp imm, 1, 2, 4, 8, 16, 31, -1, -32, 21, -22
  c.addi t6, \imm
  c.addi ra, \imm
  c.li t6, \imm
  c.andi s0, \imm
  c.andi a5, \imm
.endr
c.li ra, 0
c.andi s1, 0
.irp imm, 1, 2, 4, 8, 16, 31, 0xfffe0, 0xfffff, 21, 0xfffea
  c.lui t6, \imm
  c.lui ra, \imm
.endr
.irp imm, 16, 32, 64, 128, 256, 496, -512, -16, 0x150, -0x160
  c.addi16sp sp, \imm
.endr
.irp offset, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2046, -2048, -2, 0x556, -0x556
  c.j . + \offset
  c.jal . + \offset
.endr
.irp offset, 0, 2, 4, 8, 16, 32, 64, 128, 254, -256, -2, 0x56, -0x56
  c.beqz s0, . + \offset
  c.bnez a5, . + \offset
.endr
.irp amount, 1, 2, 4, 8, 16, 31, 21
  c.srli s0, \amount
  c.srai a5, \amount
  c.slli t6, \amount
  c.slli ra, \amount
.endr
.irp op, c.sub, c.xor, c.or, c.and
  \op s0, a5
  \op a5, s0
  \op a0, a0
.endr
.irp imm, 0, 4, 8, 16, 32, 64, 128, 252, 0x54, 0xa8
  c.lwsp t6, \imm(sp)
  c.lwsp ra, \imm(sp)
  c.swsp t6, \imm(sp)
  c.swsp zero, \imm(sp)
.endr
.irp register, ra, t6, a5, s5
  c.jr \register
  c.jalr \register
  c.mv t6, \register
  c.mv \register, ra
  c.add t6, \register
  c.add \register, ra
.endr
c.nop
c.ebreak

# Floats.
.irp op, flw, fsw, c.flwsp, c.fswsp
  .irp imm, 0, 4, 8, 16, 32, 64, 128, 252, 0x54, 0xa8
    \op ft0, \imm(sp)
    \op ft11, \imm(sp)
  .endr
.endr
.irp op, flw, fsw
  .irp imm, 1, 2, 0x400, 2047, -1, -2048, 0x555
    \op fs1, \imm(a5)
    \op fa5, \imm(t6)
  .endr
.endr
.irp op, c.flw, c.fsw
  .irp imm, 0, 4, 8, 16, 32, 64, 124, 0x54, 0x28
    \op fs0, \imm(a5)
    \op fa5, \imm(s0)
  .endr
.endr
.irp op, fadd.s, fsub.s, fmul.s, fdiv.s
  .irp rm, rne, rtz, rdn, rup, rmm, dyn
    \op ft0, fs11, fa7, \rm
  .endr
  \op fs11, ft0, ft8
.endr
.irp op, fmadd.s, fmsub.s, fnmsub.s, fnmadd.s
  .irp rm, rne, rtz, rdn, rup, rmm, dyn
    \op ft0, fs11, fa7, ft11, \rm
  .endr
  \op fs11, ft0, ft8, fs2
.endr
.irp rm, rne, rtz, rdn, rup, rmm, dyn
  fsqrt.s ft10, fs10, \rm
  fcvt.w.s t6, ft11, \rm
  fcvt.wu.s a0, fa0, \rm
  fcvt.s.w ft11, t6, \rm
  fcvt.s.wu fa0, a0, \rm
.endr
.irp op, fsgnj.s, fsgnjn.s, fsgnjx.s, fmin.s, fmax.s
  \op ft0, ft7, fs0
  \op ft11, fs2, fs2
.endr
.irp op, feq.s, flt.s, fle.s
  \op zero, ft9, fs3
  \op a0, fa0, fa1
.endr
fclass.s s0, fs4
fmv.x.w s1, fs5
fmv.w.x fs6, s2
.irp csr, fflags, frm, fcsr
  csrrw a0, \csr, a1
  csrrsi a0, \csr, 31
.endr
