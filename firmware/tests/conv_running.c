// SPDX-License-Identifier: MIT OR Apache-2.0
// A layer of several channels in running scope: S_max carried from channel to channel, for tiles that
// take turns.
#include "conv_expect.h"

enum { CHANNELS = 4, TILES = 3, PITCH = 12 };
static struct kernel kernels[CHANNELS];
static int32_t image[CHANNELS][9 * PITCH];

int main(void) {
  uint32_t side = conv_read(CONV_KERNEL), fraction = conv_read(CONV_LOG_FRAC);
  uint32_t threshold = 3u << fraction;
  uint32_t configuration = conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, side, 0);
  conv_config(configuration, threshold);
  uint32_t found[TILES][4] = {{0}}, wanted[TILES][4] = {{0}};
  uint32_t kept = 0, kept_in_window = 0;
  for (int channel = 0; channel < CHANNELS; channel++) {
    kernels[channel].side = side;
    fill(kernels[channel].weights, MAX_SIDE * MAX_SIDE);
    fill(image[channel], 9 * PITCH);
    conv_load(kernels[channel].weights, 0, 0);
    for (int tile = 0; tile < TILES; tile++) {
      uint32_t *carry = found[tile];
      const void *corner = at(image[channel], 2 * tile);
      conv_carry(carry[0], carry[1], carry[2], carry[3]);
      int32_t output = conv_run(corner, PITCH);
      struct expected expected = expect_run(corner, PITCH, &kernels[channel], configuration,
                                            threshold, wanted[tile], fraction);
      check_run(10 * channel + tile + 1, output, &expected);
      for (uint32_t i = 0; i < 4; i++) {
        carry[i] = conv_read(CONV_CARRY + i);
        wanted[tile][i] = expected.carry[i];
      }
      kept += expected.kept;
      kept_in_window += expect_run(corner, PITCH, &kernels[channel], configuration & ~4u, threshold,
                                   wanted[tile], fraction).kept;
    }
  }
  // Without more than one product there is nothing that running scope could skip.
  check_equal(100, kept <= kept_in_window, 1);

  // The registers carry on by themselves from run to run of one tile.
  conv_carry(0, 0, 0, 0);
  uint32_t chain[4] = {0};
  for (int channel = 0; channel < CHANNELS; channel++) {
    conv_load(kernels[channel].weights, 0, 0);
    int32_t output = conv_run(image[channel], PITCH);
    struct expected expected = expect_run(image[channel], PITCH, &kernels[channel], configuration,
                                          threshold, chain, fraction);
    check_run(110 + channel, output, &expected);
    for (int i = 0; i < 4; i++) chain[i] = expected.carry[i];
  }
  return 0;
}
