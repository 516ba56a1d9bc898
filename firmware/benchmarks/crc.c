// SPDX-License-Identifier: MIT OR Apache-2.0
// CRC-32 of 2 KiB, bit by bit and through a table, that must agree.
#include "benchmark.h"

enum { BYTES = 2048, POLYNOMIAL = (int)0xedb88320 };
static uint8_t data[BYTES];
static uint32_t table[256];

static uint32_t shift(uint32_t crc) {
  for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? (uint32_t)POLYNOMIAL : 0);
  return crc;
}

static uint32_t by_bits(const uint8_t *bytes, uint32_t count) {
  uint32_t crc = ~0u;
  for (uint32_t i = 0; i < count; i++) crc = shift(crc ^ bytes[i]);
  return ~crc;
}

static uint32_t by_table(const uint8_t *bytes, uint32_t count) {
  uint32_t crc = ~0u;
  for (uint32_t i = 0; i < count; i++) crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
  return ~crc;
}

static uint32_t kernel(void) {
  uint32_t state = 2;
  for (int i = 0; i < BYTES; i++) data[i] = (uint8_t)(next_random(&state) >> 24);
  for (uint32_t i = 0; i < 256; i++) table[i] = shift(i);
  // The check value of this CRC, and both ways on the data.
  if (by_bits((const uint8_t *)"123456789", 9) != 0xcbf43926) return 0;
  uint32_t crc = by_bits(data, BYTES);
  return crc == by_table(data, BYTES) ? crc : 0;
}

int main(void) { return benchmark("crc", kernel, 0x3d456305); }
