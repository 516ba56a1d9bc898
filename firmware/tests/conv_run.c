// SPDX-License-Identifier: MIT OR Apache-2.0
// conv.run over sides, tiles, modes, scopes, thresholds, pitches and places.
#include "conv_expect.h"

enum { COLUMNS = 11, ROWS = 10 };
static int32_t image[ROWS * COLUMNS];
static uint32_t fraction;

static void set_carry(uint32_t carry[4]) {
  // S_max below and above what the operands can reach, and none.
  for (int i = 0; i < 4; i++) {
    uint32_t word = random_word();
    uint32_t lowest = floats() ? 250u << fraction : 0;
    uint32_t scores = floats() ? 20u << fraction : score_end(fraction) - (2u << fraction);
    carry[i] = word & 3 ? CONV_SMAX_VALID | (lowest + (word >> 8) % scores) : 0;
  }
  conv_carry(carry[0], carry[1], carry[2], carry[3]);
}

static void run(int number, const struct kernel *kernel, uint32_t configuration, uint32_t threshold) {
  conv_config(configuration, threshold);
  uint32_t carry[4];
  set_carry(carry);
  uint32_t window = kernel->side + (configuration >> 3 & 1);
  uint32_t row = random_word() % (ROWS - window + 1), column = random_word() % (COLUMNS - window + 1);
  int32_t pitch = COLUMNS;
  switch (random_word() & 7) {
  case 0: // from the last row up
    pitch = -COLUMNS;
    row += window - 1;
    break;
  case 1: // one row again and again
    pitch = 0;
    break;
  case 2: // rows that overlap
    pitch = 1;
    column = 0;
    break;
  }
  const void *corner = at(image, (int32_t)(row * COLUMNS + column));
  int32_t output = conv_run(corner, pitch);
  struct expected expected =
      expect_run(corner, pitch, kernel, configuration, threshold, carry, fraction);
  check_run(number, output, &expected);
}

int main(void) {
  uint32_t sides = conv_read(CONV_KERNEL);
  fraction = conv_read(CONV_LOG_FRAC);
  int number = 1;
  for (uint32_t side = 1; side <= sides; side++) {
    struct kernel kernel = {.side = side};
    fill(kernel.weights, side * side);
    conv_load(kernel.weights, side, 0);
    for (uint32_t configuration = 0; configuration < 16; configuration++) {
      fill(image, ROWS * COLUMNS);
      uint32_t threshold = 1 + random_word() % (20u << fraction);
      run(number++, &kernel, configuration, threshold);
    }
    // The smallest threshold, and one beyond every score.
    run(number++, &kernel, conv_configuration(CONV_APPROX, CONV_WINDOW, CONV_TILE_2X2, 0, 0), 1);
    run(number++, &kernel, conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, 0, 0), 0xffffffff);
  }

  // A window of nothing but zeros: no S_max, nothing kept.
  number = 500;
  for (int i = 0; i < ROWS * COLUMNS; i++) image[i] = 0;
  struct kernel ones = {.side = 1};
  set_operand(ones.weights, 0, 1);
  conv_load(ones.weights, 1, 0);
  for (uint32_t mode = 1; mode < 4; mode++)
    run(number++, &ones, conv_configuration(mode, CONV_WINDOW, CONV_TILE_2X2, 0, 0), 3);
  run(number++, &ones, conv_configuration(CONV_EXACT, CONV_RUNNING, CONV_TILE_2X2, 0, 0), 0);
  return 0;
}
