/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory map of the SoC (docs/system.md), for C and assembly. */
#ifndef SOC_H
#define SOC_H

#define RAM_BASE 0x80000000
#define RAM_BYTES 0x100000

#define MSIP 0x02000000        /* bit 0: software interrupt */
#define MTIMECMP 0x02004000    /* timer interrupt from mtime >= mtimecmp on; low word, high word */
#define MTIME 0x0200bff8       /* clock cycles; low word, high word */
#define EXTERNAL_IRQ 0x0c000000 /* bit 0: external interrupt pending */
#define UART 0x10000000        /* a store sends a byte */

/* Interrupts: bits of mip and mie, and the low bits of mcause. */
#define IRQ_SOFTWARE 3
#define IRQ_TIMER 7
#define IRQ_EXTERNAL 11

/* Exceptions: mcause. */
#define CAUSE_INSTR_ACCESS 1
#define CAUSE_ILLEGAL 2
#define CAUSE_BREAKPOINT 3
#define CAUSE_LOAD_MISALIGNED 4
#define CAUSE_LOAD_ACCESS 5
#define CAUSE_STORE_ACCESS 7
#define CAUSE_ECALL_M 11
#define CAUSE_INTERRUPT 0x80000000

#define MSTATUS_MIE (1 << 3)
#define MSTATUS_MPIE (1 << 7)
#define MSTATUS_MPP (3 << 11) /* always reads 3: machine mode is the only one */
#define MSTATUS_FS (3 << 13)  /* of a core with F: 0 is off, 3 dirty */
#define MSTATUS_SD (1u << 31) /* FS is 3 */

#endif
