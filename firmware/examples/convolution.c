// SPDX-License-Identifier: MIT OR Apache-2.0
// One channel of an image, convolved by the core alone and by the unit: the same result, in fewer
// cycles; then approximately.
#include "conv_approx.h"
#include "runtime.h"

enum { SIDE = 24, KERNEL = 3, OUT = SIDE - KERNEL + 1, THRESHOLD = 3 };
static int32_t image[SIDE][SIDE], by_core[OUT][OUT], by_unit[OUT][OUT];
static const int32_t kernel[KERNEL][KERNEL] = {{-13, 94, 41}, {220, -7, 66}, {5, -180, 38}};

// A bright disc on a dark ground.
static void draw(void) {
  for (int row = 0; row < SIDE; row++)
    for (int column = 0; column < SIDE; column++) {
      int y = row - SIDE / 2, x = column - SIDE / 2, distance = x * x + y * y;
      image[row][column] = distance < 60 ? 255 - 3 * distance : 0;
    }
}

static void convolve_by_core(void) {
  for (int row = 0; row < OUT; row++)
    for (int column = 0; column < OUT; column++) {
      int32_t sum = 0;
      for (int y = 0; y < KERNEL; y++)
        for (int x = 0; x < KERNEL; x++) sum += kernel[y][x] * image[row + y][column + x];
      by_core[row][column] = sum;
    }
}

// Four outputs an instruction.
static void convolve_by_unit(enum conv_mode mode) {
  conv_config(conv_configuration(mode, CONV_WINDOW, CONV_TILE_2X2, KERNEL, 0), THRESHOLD);
  conv_load(&kernel[0][0], KERNEL, 0);
  for (int row = 0; row < OUT; row += 2)
    for (int column = 0; column < OUT; column += 2) {
      by_unit[row][column] = conv_run(&image[row][column], SIDE);
      by_unit[row][column + 1] = conv_output(1);
      by_unit[row + 1][column] = conv_output(2);
      by_unit[row + 1][column + 1] = conv_output(3);
    }
}

static uint32_t largest_error(void) {
  uint32_t largest = 0;
  for (int row = 0; row < OUT; row++)
    for (int column = 0; column < OUT; column++) {
      int32_t error = by_unit[row][column] - by_core[row][column];
      uint32_t magnitude = (uint32_t)(error < 0 ? -error : error);
      if (magnitude > largest) largest = magnitude;
    }
  return largest;
}

static void tell(const char *what, uint64_t cycles) {
  printf("%s: %llu cycles, %lu of %d multiplications, largest error %lu\n", what, cycles,
         conv_read(CONV_MULTIPLICATIONS), OUT * OUT * KERNEL * KERNEL, largest_error());
}

int main(void) {
  draw();
  uint64_t start = read_cycle();
  convolve_by_core();
  printf("core: %llu cycles\n", read_cycle() - start);

  conv_clear();
  start = read_cycle();
  convolve_by_unit(CONV_EXACT);
  tell("unit, exact", read_cycle() - start);
  if (largest_error() != 0) return 1;

  conv_clear();
  start = read_cycle();
  convolve_by_unit(CONV_APPROX);
  tell("unit, T = 3", read_cycle() - start);
  return largest_error() == 0 ? 2 : 0;
}
