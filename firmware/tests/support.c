// SPDX-License-Identifier: MIT OR Apache-2.0
// The runtime itself: memory functions, the functions that the compiler calls, printf.
#include "check.h"

static volatile uint64_t a64 = 0xfedcba9876543210, b64 = 0x123456789a;
static volatile int64_t minus = -1000000000007;
static volatile int by = 37;

static void memory(void) {
  static uint8_t from[64], to[64];
  for (uint32_t i = 0; i < sizeof from; i++) from[i] = (uint8_t)(i * 7 + 1);
  // Each pair of alignments and each short length.
  for (uint32_t t = 0; t < 4; t++)
    for (uint32_t f = 0; f < 4; f++)
      for (uint32_t bytes = 0; bytes < 14; bytes++) {
        memset(to, 0xee, sizeof to);
        memcpy(to + 8 + t, from + 3 + f, bytes);
        for (uint32_t i = 0; i < sizeof to; i++) {
          bool inside = i >= 8 + t && i < 8 + t + bytes;
          check_equal(1, to[i], inside ? from[i - 8 - t + 3 + f] : 0xee);
        }
      }
  check_equal(2, memcmp(from, from, 64) == 0, 1);
  memcpy(to, from, 64);
  to[63]--;
  check_equal(3, memcmp(to, from, 64) < 0, 1);
  check_equal(4, memcmp(from, to, 64) > 0, 1);
  check_equal(5, memcmp(from, to, 63) == 0, 1);
  // Overlapping, both ways.
  memcpy(to, from, 64);
  memmove(to + 3, to, 40);
  for (uint32_t i = 0; i < 40; i++) check_equal(6, to[i + 3], from[i]);
  memcpy(to, from, 64);
  memmove(to, to + 3, 40);
  for (uint32_t i = 0; i < 40; i++) check_equal(7, to[i], from[i + 3]);
}

static void check64(int number, uint64_t found, uint64_t expected) {
  check_equal(number, (uint32_t)(found >> 32), (uint32_t)(expected >> 32));
  check_equal(number, (uint32_t)found, (uint32_t)expected);
}

static void numbers(void) {
  check64(11, a64 / b64, 234881024);
  check64(12, a64 % b64, 173290000);
  check64(13, (uint64_t)(minus / 1000003), (uint64_t)-999997);
  check64(14, (uint64_t)(minus % 1000003), (uint64_t)-16);
  check64(15, (uint64_t)(minus / -(int64_t)b64), 12);
  check64(16, a64 * b64, 0xc16c16c2b77d9da0);
  check64(17, a64 << by, 0xca86420000000000);
  check64(18, a64 >> by, 0x7f6e5d4);
  check64(19, (uint64_t)(minus >> by), (uint64_t)-8);
  check_equal(20, (uint32_t)__builtin_clz((uint32_t)b64), 2);
  check_equal(21, (uint32_t)__builtin_ctz((uint32_t)b64), 1);
  check_equal(22, (uint32_t)__builtin_popcount((uint32_t)a64), 12);
  check_equal(23, __builtin_bswap32((uint32_t)b64), 0x9a785634);
  check64(24, __builtin_bswap64(b64), 0x9a78563412000000);
  check_equal(25, (uint32_t)__builtin_clzll(b64), 27);
  check_equal(26, (uint32_t)__builtin_ctzll(b64 << 40), 41);
  check_equal(27, (uint32_t)__builtin_popcountll(a64), 32);
}

int main(void) {
  memory();
  numbers();
  int length = printf("%d %5d|%05d|%u %x %08x %c%s%% %lld %llu %llx\n", -7, -42, -42, 3000000000u,
                      0xbeef, 0xabc, 'c', "onv", minus, a64, a64);
  check_equal(30, (uint32_t)length, 99);
  printf("%lu %lx %ld %d\n", (unsigned long)4294967295u, 0ul, INT32_MIN, 0);

  // Zeroed and initialised data.
  static uint32_t zeros[8];
  static uint32_t ones[2] = {1, 0x11111111};
  for (int i = 0; i < 8; i++) check_equal(40, zeros[i], 0);
  check_equal(41, ones[1], 0x11111111);

  // Counters of 64 bits.
  uint64_t cycle = read_cycle(), instret = read_instret();
  check_equal(50, read_cycle() > cycle, 1);
  check_equal(51, read_instret() > instret, 1);

  // Handlers follow one another; a trap returns behind an instruction of either length.
  trap_handler *first = set_trap_handler(note_trap);
  __asm__ __volatile__(".option push\n.option norvc\nebreak\n.option pop");
  check_equal(60, last_trap.cause, CAUSE_BREAKPOINT);
  last_trap.cause = 0;
  __asm__ __volatile__("c.ebreak");
  check_equal(61, last_trap.cause, CAUSE_BREAKPOINT);
  check_equal(62, set_trap_handler(first) == note_trap, 1);
  return 0;
}
