/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The instructions of approximate convolution (docs/isa.md is their reference): one function each,
   under the instruction's name. Operands are int32_t arrays in memory, 4-byte aligned; what an
   instruction refuses traps (illegal instruction, misaligned, access fault). */
#ifndef CONV_APPROX_H
#define CONV_APPROX_H

#define CONV_OPCODE 0x77

/* funct3. */
#define CONV_FUNCT3_LOAD 0
#define CONV_FUNCT3_RUN 1
#define CONV_FUNCT3_AGAIN 2
#define CONV_FUNCT3_READ 3
#define CONV_FUNCT3_CONFIG 4
#define CONV_FUNCT3_CARRY 5
#define CONV_FUNCT3_CLEAR 6
#define CONV_FUNCT3_PLANE 7

#ifdef __ASSEMBLER__

  .macro CONV_LOAD rd, rs1, rs2
  .insn r CONV_OPCODE, CONV_FUNCT3_LOAD, 0, \rd, \rs1, \rs2
  .endm
  .macro CONV_RUN rd, rs1, rs2
  .insn r CONV_OPCODE, CONV_FUNCT3_RUN, 0, \rd, \rs1, \rs2
  .endm
  .macro CONV_AGAIN rd, rs1
  .insn r CONV_OPCODE, CONV_FUNCT3_AGAIN, 0, \rd, \rs1, x0
  .endm
  .macro CONV_READ rd, rs1
  .insn r CONV_OPCODE, CONV_FUNCT3_READ, 0, \rd, \rs1, x0
  .endm
  .macro CONV_CONFIG rd, rs1, rs2
  .insn r CONV_OPCODE, CONV_FUNCT3_CONFIG, 0, \rd, \rs1, \rs2
  .endm
  .macro CONV_CARRY rd, rs1, rs2
  .insn r CONV_OPCODE, CONV_FUNCT3_CARRY, 0, \rd, \rs1, \rs2
  .endm
  .macro CONV_CLEAR rd
  .insn r CONV_OPCODE, CONV_FUNCT3_CLEAR, 0, \rd, x0, x0
  .endm
  .macro CONV_PLANE rd, rs1, rs2
  .insn r CONV_OPCODE, CONV_FUNCT3_PLANE, 0, \rd, \rs1, \rs2
  .endm

#else

#include <stdint.h>

#define CONV_TEXT_(x) #x
#define CONV_TEXT(x) CONV_TEXT_(x)

/* The text of an instruction by its fields: funct3, funct7, rd, rs1, rs2. */
#define CONV_RAW(fields) ".insn r " CONV_TEXT(CONV_OPCODE) ", " fields

/* The R-type instruction `funct3` on the registers `operands` (text), and what it writes to rd.
   "memory" keeps it behind the stores to the arrays that the unit reads. */
#define CONV_INSN(funct3, operands, ...)                                                       \
  ({                                                                                           \
    uint32_t rd_;                                                                              \
    __asm__ __volatile__(CONV_RAW(CONV_TEXT(funct3) ", 0, %0, " operands)                       \
                         : "=r"(rd_)                                                           \
                         : __VA_ARGS__                                                         \
                         : "memory");                                                          \
    rd_;                                                                                       \
  })

/* Fields of the configuration word. */
enum conv_mode { CONV_EXACT = 0, CONV_ZERO_SKIP = 1, CONV_DUAL_ZERO_SKIP = 2, CONV_APPROX = 3 };
enum conv_scope { CONV_WINDOW = 0, CONV_RUNNING = 1 };
enum conv_tile { CONV_TILE_1X1 = 0, CONV_TILE_2X2 = 1 };

/* Lowest bits of the fields of the configuration word. */
#define CONV_MODE_SHIFT 0
#define CONV_SCOPE_SHIFT 2
#define CONV_TILE_SHIFT 3
#define CONV_SIDE_SHIFT 4
#define CONV_SLOT_SHIFT 8
#define CONV_PLANE_SHIFT 16 /* 1: conv_run fetches by the log plane that conv_plane named */
/* The lowest bit that is reserved, like those above it. */
#define CONV_CONFIG_END 17

/* The configuration word: `side` is what conv_load takes for side 0, `slot` what conv_run uses. */
static inline uint32_t conv_configuration(enum conv_mode mode, enum conv_scope scope,
                                          enum conv_tile tile, uint32_t side, uint32_t slot) {
  return slot << CONV_SLOT_SHIFT | side << CONV_SIDE_SHIFT | (uint32_t)tile << CONV_TILE_SHIFT |
         (uint32_t)scope << CONV_SCOPE_SHIFT | (uint32_t)mode << CONV_MODE_SHIFT;
}

/* Indices of conv_read. */
enum conv_index {
  CONV_OUTPUT = 0, /* to 3: outputs of the last run: top left, top right, bottom left, bottom right */
  CONV_CARRY = 4,  /* to 7: S_max that the next run in running scope starts from */
  CONV_THRESHOLD = 8,
  CONV_CONFIGURATION = 9,
  CONV_KEPT = 10, /* products multiplied in the last run */
  CONV_MAP = 11,  /* what conv_plane set */
  CONV_PLANE = 12,
  /* Performance counters of the unit. */
  CONV_WINDOWS = 16,
  CONV_MULTIPLICATIONS = 17,
  CONV_SKIPPED = 18,
  CONV_WORDS = 19,
  CONV_BEATS = 20,
  CONV_CYCLES_IDLE = 21,
  CONV_CYCLES_GET_DATA = 22,
  CONV_CYCLES_STAGE_1 = 23,
  CONV_CYCLES_STAGE_2 = 24,
  CONV_CYCLES_STAGE_3 = 25,
  CONV_CYCLES_DONE = 26,
  CONV_CYCLES_GET_LOGS = 27,
  CONV_CYCLES_FIND_WORDS = 28,
  /* Parameters of the hardware. */
  CONV_KERNEL = 32,
  CONV_LOG_FRAC = 33,
  CONV_MULTIPLIERS = 34,
  CONV_KERNELS = 35,
  CONV_OPERAND_W = 36, /* bits of a weight and of a word of the window: 8, 16 or 32 */
  CONV_PLANES = 37,    /* 1: there are log planes */
  CONV_FLOAT = 38,     /* 1: operands are floats: conv_float.h */
};

/* S_max in a carry register: bit 15 tells that there is one. */
#define CONV_SMAX_VALID 0x8000u

/* Weights and words of a window are operands: numbers of CONV_OPERAND_W bits, packed in memory (int8_t,
   int16_t or int32_t), or floats. */

/* Reads side × side weights, row by row, into a slot. Side 0 is the configured one. */
static inline void conv_load(const void *weights, uint32_t side, uint32_t slot) {
  (void)CONV_INSN(CONV_FUNCT3_LOAD, "%1, %2", "r"(slot << 8 | side), "r"(weights));
}

/* Convolves the window whose upper left word is `window`, in an array with `pitch` words a row,
   with the kernel in the configured slot: output 0. */
static inline int32_t conv_run(const void *window, int32_t pitch) {
  return (int32_t)CONV_INSN(CONV_FUNCT3_RUN, "%1, %2", "r"(pitch), "r"(window));
}

/* The same on the window of the last fetch, with the kernel in `slot`. */
static inline int32_t conv_again(uint32_t slot) {
  return (int32_t)CONV_INSN(CONV_FUNCT3_AGAIN, "%1, x0", "r"(slot));
}

/* The value at an index (enum conv_index); 0 where there is none. */
static inline uint32_t conv_read(uint32_t index) { return CONV_INSN(CONV_FUNCT3_READ, "%1, x0", "r"(index)); }

/* Output 0 to 3 of the last run. */
static inline int32_t conv_output(uint32_t output) {
  return (int32_t)conv_read(CONV_OUTPUT + output);
}

/* Sets the configuration word and the threshold, in units of 2^-LOG_FRAC; returns the word before. */
static inline uint32_t conv_config(uint32_t configuration, uint32_t threshold) {
  return CONV_INSN(CONV_FUNCT3_CONFIG, "%1, %2", "r"(configuration), "r"(threshold));
}

/* Sets S_max of the four outputs, each as conv_read(CONV_CARRY + output) gives it; 0: none. */
static inline void conv_carry(uint32_t smax0, uint32_t smax1, uint32_t smax2, uint32_t smax3) {
  uint32_t upper = (smax0 & 0xffff) | smax1 << 16, lower = (smax2 & 0xffff) | smax3 << 16;
  (void)CONV_INSN(CONV_FUNCT3_CARRY, "%1, %2", "r"(upper), "r"(lower));
}

/* Names a feature map and its log plane: windows of the map can be fetched by the plane. */
static inline void conv_plane(const void *map, const void *plane) {
  (void)CONV_INSN(CONV_FUNCT3_PLANE, "%1, %2", "r"(map), "r"(plane));
}

/* The entry of a word in the log plane of a unit with operands of `operand_w` bits and `log_frac`
   fraction bits: its log proxy, and above that a bit that is 1; of zero all bits are 0. */
static inline uint32_t conv_log_entry(int32_t word, uint32_t operand_w, uint32_t log_frac) {
  uint32_t magnitude = word < 0 ? -(uint32_t)word : (uint32_t)word, msb = 0;
  if (magnitude == 0) return 0;
  for (uint32_t step = 16; step > 0; step /= 2) {
    if (magnitude >> msb >> step != 0) msb += step;
  }
  uint32_t below = magnitude - (1u << msb);
  uint32_t fraction = msb >= log_frac ? below >> (msb - log_frac) : below << (log_frac - msb);
  /* operand_w is a power of two: above all positions of a bit. */
  return (operand_w | msb) << log_frac | fraction;
}

/* Writes a log plane, an entry for each word of the map in its order, to an aligned address. */
struct conv_plane_writer {
  uint32_t *next;
  uint32_t word, filled; /* what is not written yet, and its bits */
  uint32_t operand_w, log_frac, bits;
};

static inline struct conv_plane_writer conv_plane_begin(uint32_t *plane, uint32_t operand_w,
                                                        uint32_t log_frac) {
  struct conv_plane_writer writer = {.next = plane, .operand_w = operand_w, .log_frac = log_frac};
  writer.bits = log_frac + (operand_w == 8 ? 4 : operand_w == 16 ? 5 : 6);
  return writer;
}

static inline void conv_plane_put(struct conv_plane_writer *writer, int32_t word) {
  uint32_t entry = conv_log_entry(word, writer->operand_w, writer->log_frac);
  writer->word |= entry << writer->filled;
  writer->filled += writer->bits;
  if (writer->filled >= 32) {
    *writer->next++ = writer->word;
    writer->filled -= 32;
    writer->word = entry >> (writer->bits - writer->filled);
  }
}

/* Writes what is left. */
static inline void conv_plane_end(struct conv_plane_writer *writer) {
  if (writer->filled > 0) *writer->next = writer->word;
}

/* Sets the performance counters of the unit to 0. */
static inline void conv_clear(void) { (void)CONV_INSN(CONV_FUNCT3_CLEAR, "x0, x0"); }

#endif

#endif
