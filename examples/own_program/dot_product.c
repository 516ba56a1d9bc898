// SPDX-License-Identifier: MIT OR Apache-2.0
// The dot product of two vectors by the core, and by the unit as a 5×5 window.
#include "conv_approx.h"
#include "runtime.h"

#define SIDE 5

static int32_t weights[SIDE * SIDE], words[SIDE * SIDE];

// The host reads it; firmware/link.ld gives it the symbols begin_signature and end_signature.
static int32_t result[2] __attribute__((section(".signature")));

int main(void) {
  for (int i = 0; i < SIDE * SIDE; i++) {
    weights[i] = i - 12;
    words[i] = 3 * i + 1;
    result[0] += weights[i] * words[i];
  }
  conv_load(weights, SIDE, 0);
  result[1] = conv_run(words, SIDE);
  printf("core %ld, unit %ld\n", result[0], result[1]);
  return result[0] != result[1];
}
