// SPDX-License-Identifier: MIT OR Apache-2.0
// Products of matrices of 20 by 20 words: plain, and in blocks on the transposed one.
#include "benchmark.h"

enum { N = 20, BLOCK = 5 };
static int32_t a[N][N], b[N][N], transposed[N][N], plain[N][N], blocked[N][N];

static void multiply(void) {
  for (int row = 0; row < N; row++)
    for (int column = 0; column < N; column++) {
      int32_t sum = 0;
      for (int k = 0; k < N; k++) sum += a[row][k] * b[k][column];
      plain[row][column] = sum;
    }
}

static void multiply_blocks(void) {
  for (int row = 0; row < N; row++)
    for (int column = 0; column < N; column++) transposed[column][row] = b[row][column];
  for (int top = 0; top < N; top += BLOCK)
    for (int left = 0; left < N; left += BLOCK)
      for (int row = top; row < top + BLOCK; row++)
        for (int column = left; column < left + BLOCK; column++) {
          const int32_t *x = a[row], *y = transposed[column];
          int32_t sum = 0;
          for (int k = 0; k < N; k += 4)
            sum += x[k] * y[k] + x[k + 1] * y[k + 1] + x[k + 2] * y[k + 2] + x[k + 3] * y[k + 3];
          blocked[row][column] = sum;
        }
}

static uint32_t kernel(void) {
  uint32_t state = 3, hash = (uint32_t)HASH;
  for (int row = 0; row < N; row++)
    for (int column = 0; column < N; column++) {
      a[row][column] = (int16_t)(next_random(&state) >> 16);
      b[row][column] = (int8_t)(next_random(&state) >> 24);
    }
  multiply();
  multiply_blocks();
  for (int row = 0; row < N; row++)
    for (int column = 0; column < N; column++) {
      if (plain[row][column] != blocked[row][column]) return 0;
      hash = mix(hash, (uint32_t)plain[row][column]);
    }
  return hash;
}

int main(void) { return benchmark("matrix", kernel, 0x7f12ffa7); }
