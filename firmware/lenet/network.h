/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The network blob: what the host writes into RAM for the inference programs, and reads back.
   docs/accel.md is the manual. All fields have 32 bits; crates/model/src/facts.rs has the same ones, and
   the build compares. */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdint.h>

/* Bits of an operand of the unit that a program is for; without the unit they are 32. */
#ifndef OPERAND_W
#define OPERAND_W 32
#endif

/* A weight, or a word that goes into a layer; a sum, a bias or a score. */
#ifdef FLOAT
typedef float operand, number;
#else
typedef int32_t number;
#if OPERAND_W == 8
typedef int8_t operand;
#elif OPERAND_W == 16
typedef int16_t operand;
#else
typedef int32_t operand;
#endif
#endif

/* Where the blob begins; it reaches to the stack at most. */
#define NETWORK_ADDRESS 0x80040000

#define NETWORK_MAGIC 0x50414e43 /* "CNAP" */

enum layer_kind { CONVOLUTION = 0, AVERAGE_POOL = 1, DENSE = 2 };
enum activation { NO_ACTIVATION = 0, RELU = 1, TANH = 2 };

struct layer {
  enum layer_kind kind;
  uint32_t inputs;        /* channels; of a dense layer inputs in all */
  uint32_t height, width; /* of an input channel; 1 of a dense layer */
  uint32_t outputs;       /* channels */
  uint32_t side;          /* of a kernel, or of the block of a pool */
  enum activation activation;
  uint32_t shift; /* of the sums, rounding half up; at least 1 with an activation; 0 of floats */
  uint32_t bits;  /* of an activation's magnitude; 0 of floats */
  uint32_t pool;  /* 1: a mean of 2x2 follows; output is what it gives */
  /* Of a convolution by output, input channel, row, column. Of a dense layer by output and input,
     each output's filled up with zeros to a multiple of DENSE_CHUNK. */
  const operand *weights;
  const number *bias;
  const operand *input; /* channel by channel, row by row; of a dense layer filled up likewise */
  operand *output;      /* without an activation numbers: the scores */
  uint32_t configuration; /* of the unit: mode and scope */
  uint32_t threshold;
};

/* Slots of the unit that are used: output channels whose sums are in RAM at the same time. */
#define KERNELS 16

/* Inputs of a dense layer that the unit takes at once: a window of 5x5. */
#define DENSE_SIDE 5
#define DENSE_CHUNK (DENSE_SIDE * DENSE_SIDE)

/* Every counter at one moment. The first 14 stand still while they are read. */
struct record {
  uint32_t cycles, instructions;
  uint32_t events[12]; /* mhpmcounter3 to 14 */
  uint32_t unit[13];   /* counters 0 to 12 of the unit */
  uint32_t kernel_loads, window_fetches;
};

struct network {
  uint32_t magic;
  uint32_t layers;
  const struct layer *layer;
  struct record *records; /* at the beginning, behind the input, behind each layer */
  const uint8_t *image;   /* channel by channel, row by row */
  uint32_t channels, height, width, padding;
  operand *input;      /* the image as words, with the padding around, which is 0 already */
  number *scratch;     /* sums of a layer */
  const number *tanh;  /* at 0, 1/64, ...: 513 entries of 16 fraction bits, or 593 floats */
};

#endif
