/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a program has instead of a C library. docs/firmware.md is the manual. */
#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "soc.h"

/* Text goes to the UART. printf knows %d %i %u %o %x %X %p %c %s and %%, with the flags - + space # 0,
   width and precision (also *), and hh h l ll j z t. There are no floating-point numbers: their
   conversions, and %n, are printed as they stand. A conversion that C does not have, or an argument of
   another type, does not compile. */
#pragma GCC diagnostic error "-Wformat"
int putchar(int c);
int puts(const char *text);
__attribute__((format(printf, 1, 2))) int printf(const char *format, ...);

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

/* Ends the program: 0 is a pass, n > 0 says that test n failed. */
__attribute__((noreturn)) void exit(int number);

/* Gets each trap; returns the address to go on at. It must not trap itself.
   Before the first call of set_trap_handler a trap is reported on the UART and ends the program with
   1000 + cause (1100 + cause for an interrupt). Returns the handler before. */
typedef uint32_t trap_handler(uint32_t cause, uint32_t pc, uint32_t value);
trap_handler *set_trap_handler(trap_handler *handler);

/* The address behind the instruction at pc. */
static inline uint32_t next_instruction(uint32_t pc) {
  return pc + ((*(const uint16_t *)pc & 3) == 3 ? 4 : 2);
}

#define read_csr(name)                                                                         \
  ({                                                                                           \
    uint32_t value_;                                                                           \
    __asm__ __volatile__("csrr %0, " #name : "=r"(value_) : : "memory");                       \
    value_;                                                                                    \
  })
#define write_csr(name, value) __asm__ __volatile__("csrw " #name ", %0" : : "rK"(value) : "memory")
#define set_csr(name, bits) __asm__ __volatile__("csrs " #name ", %0" : : "rK"(bits) : "memory")
#define clear_csr(name, bits) __asm__ __volatile__("csrc " #name ", %0" : : "rK"(bits) : "memory")

/* Both halves of a counter, of one moment. */
#define read_counter(name)                                                                     \
  ({                                                                                           \
    uint32_t high_, low_, again_;                                                              \
    do {                                                                                       \
      high_ = read_csr(name##h);                                                               \
      low_ = read_csr(name);                                                                   \
      again_ = read_csr(name##h);                                                              \
    } while (high_ != again_);                                                                 \
    (uint64_t) high_ << 32 | low_;                                                             \
  })

static inline uint64_t read_cycle(void) { return read_counter(mcycle); }
static inline uint64_t read_instret(void) { return read_counter(minstret); }

/* A register of a device. */
static inline volatile uint32_t *device(uint32_t address) {
  return (volatile uint32_t *)address;
}

#endif
