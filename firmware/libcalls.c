// SPDX-License-Identifier: MIT OR Apache-2.0
/* The functions that the compiler calls by itself, so that no program depends on the library that
   belongs to the compiler: not every one has it for 32 bits. For what RV32IM lacks in hardware only;
   a program with floating-point numbers does not link. */

/* Else the loop of memset becomes a call of memset. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#include <stddef.h>
#include <stdint.h>

/* The compiler calls them after -flto has dropped what nobody calls. */
#define CALLED __attribute__((used, externally_visible))

CALLED void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
  uint8_t *t = to;
  const uint8_t *f = from;
  if (((uintptr_t)t & 3) == ((uintptr_t)f & 3)) {
    for (; bytes > 0 && ((uintptr_t)t & 3) != 0; bytes--) *t++ = *f++;
    for (; bytes >= 4; bytes -= 4, t += 4, f += 4) *(uint32_t *)t = *(const uint32_t *)f;
  }
  for (; bytes > 0; bytes--) *t++ = *f++;
  return to;
}

CALLED void *memmove(void *to, const void *from, size_t bytes) {
  if ((uintptr_t)to - (uintptr_t)from >= bytes) return memcpy(to, from, bytes);
  while (bytes-- > 0) ((uint8_t *)to)[bytes] = ((const uint8_t *)from)[bytes];
  return to;
}

CALLED void *memset(void *to, int value, size_t bytes) {
  uint8_t *t = to;
  uint32_t word = (uint8_t)value * 0x01010101u;
  for (; bytes > 0 && ((uintptr_t)t & 3) != 0; bytes--) *t++ = (uint8_t)value;
  for (; bytes >= 4; bytes -= 4, t += 4) *(uint32_t *)t = word;
  for (; bytes > 0; bytes--) *t++ = (uint8_t)value;
  return to;
}

CALLED int memcmp(const void *a, const void *b, size_t bytes) {
  const uint8_t *x = a, *y = b;
  for (; bytes > 0; bytes--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}

/* Schoolbook division, a bit at a time, as dividing by 0 does in hardware: quotient all ones. */
static uint64_t divide(uint64_t dividend, uint64_t divisor, uint64_t *remainder) {
  uint64_t quotient = 0, rest = 0;
  for (int bit = 63; bit >= 0; bit--) {
    uint64_t carry = rest >> 63;
    rest = rest << 1 | (dividend >> bit & 1);
    quotient <<= 1;
    if (carry != 0 || rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  *remainder = rest;
  return quotient;
}

static uint64_t magnitude(int64_t number) {
  return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

CALLED uint64_t __udivdi3(uint64_t a, uint64_t b) {
  uint64_t remainder;
  return divide(a, b, &remainder);
}

CALLED uint64_t __umoddi3(uint64_t a, uint64_t b) {
  uint64_t remainder;
  divide(a, b, &remainder);
  return remainder;
}

CALLED int64_t __divdi3(int64_t a, int64_t b) {
  uint64_t quotient = __udivdi3(magnitude(a), magnitude(b));
  return (int64_t)((a < 0) != (b < 0) ? -quotient : quotient);
}

CALLED int64_t __moddi3(int64_t a, int64_t b) {
  uint64_t remainder = __umoddi3(magnitude(a), magnitude(b));
  return (int64_t)(a < 0 ? -remainder : remainder);
}

/* A 64-bit number in halves: shifts by a number that the compiler does not know. */
union halves {
  uint64_t all;
  struct {
    uint32_t low, high;
  };
};

CALLED uint64_t __ashldi3(uint64_t number, int by) {
  union halves x = {.all = number};
  if (by >= 32) return (union halves){.low = 0, .high = x.low << (by - 32)}.all;
  if (by == 0) return number;
  return (union halves){.low = x.low << by, .high = x.high << by | x.low >> (32 - by)}.all;
}

CALLED uint64_t __lshrdi3(uint64_t number, int by) {
  union halves x = {.all = number};
  if (by >= 32) return (union halves){.low = x.high >> (by - 32), .high = 0}.all;
  if (by == 0) return number;
  return (union halves){.low = x.low >> by | x.high << (32 - by), .high = x.high >> by}.all;
}

CALLED int64_t __ashrdi3(int64_t number, int by) {
  uint64_t sign = number < 0 ? ~0ull : 0;
  return (int64_t)(__lshrdi3((uint64_t)number ^ sign, by) ^ sign);
}

CALLED int __clzsi2(uint32_t word) {
  int zeros = 0;
  for (; zeros < 32 && (word & 0x80000000u) == 0; word <<= 1) zeros++;
  return zeros;
}

CALLED int __ctzsi2(uint32_t word) {
  int zeros = 0;
  for (; zeros < 32 && (word & 1) == 0; word >>= 1) zeros++;
  return zeros;
}

CALLED int __clzdi2(uint64_t number) {
  uint32_t high = (uint32_t)(number >> 32);
  return high != 0 ? __clzsi2(high) : 32 + __clzsi2((uint32_t)number);
}

CALLED int __ctzdi2(uint64_t number) {
  uint32_t low = (uint32_t)number;
  return low != 0 ? __ctzsi2(low) : 32 + __ctzsi2((uint32_t)(number >> 32));
}

CALLED int __popcountsi2(uint32_t word) {
  int ones = 0;
  for (; word != 0; word &= word - 1) ones++;
  return ones;
}

CALLED int __popcountdi2(uint64_t number) {
  return __popcountsi2((uint32_t)number) + __popcountsi2((uint32_t)(number >> 32));
}

CALLED uint32_t __bswapsi2(uint32_t word) {
  return word >> 24 | (word >> 8 & 0xff00) | (word << 8 & 0xff0000) | word << 24;
}

CALLED uint64_t __bswapdi2(uint64_t number) {
  return (uint64_t)__bswapsi2((uint32_t)number) << 32 | __bswapsi2((uint32_t)(number >> 32));
}
