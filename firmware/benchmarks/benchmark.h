/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The frame of a benchmark: a kernel that is measured, and the result that it must have. */
#ifndef BENCHMARK_H
#define BENCHMARK_H

#include "runtime.h"

/* Runs `kernel` between two readings of the counters and prints a line
     name: 12345 cycles, 6789 instructions, CPI 1.82, result 0x12345678
   Returns what main returns: 0 if the result is `expected`, else 1. */
static inline int benchmark(const char *name, uint32_t (*kernel)(void), uint32_t expected) {
  uint64_t cycles = read_cycle(), instructions = read_instret();
  uint32_t result = kernel();
  instructions = read_instret() - instructions;
  cycles = read_cycle() - cycles;
  uint32_t hundredths = (uint32_t)(cycles * 100 / instructions);
  printf("%s: %llu cycles, %llu instructions, CPI %lu.%02lu, result 0x%08lx\n", name, cycles,
         instructions, hundredths / 100, hundredths % 100, result);
  if (result == expected) return 0;
  printf("%s: the result must be 0x%08lx\n", name, expected);
  return 1;
}

/* A step of the hash that gathers the results of a kernel (FNV-1a, a word at a time). */
static inline uint32_t mix(uint32_t hash, uint32_t word) { return (hash ^ word) * 16777619u; }
enum { HASH = (int)2166136261u };

/* Numbers without a pattern: x(n+1) = 1664525 x(n) + 1013904223. */
static inline uint32_t next_random(uint32_t *state) {
  return *state = *state * 1664525u + 1013904223u;
}

#endif
