// SPDX-License-Identifier: MIT OR Apache-2.0
// Every trap of the conv instructions: cause, mtval, mepc, and that nothing changes.
#include "conv_expect.h"

enum { PITCH = 9, SENTINEL = 0x600d };
#define NOWHERE 0x40000000u
#define RAM_END (RAM_BASE + RAM_BYTES)

static struct kernel kernel;
static int32_t image[9 * PITCH];
static uint32_t fraction;

// All that conv.read can see, apart from the counters.
struct state {
  uint32_t words[13];
};

static struct state read_state(void) {
  struct state state;
  for (uint32_t index = 0; index < 13; index++) state.words[index] = conv_read(index);
  return state;
}

static void check_state(int number, const struct state *expected) {
  struct state found = read_state();
  for (uint32_t i = 0; i < 13; i++) check_equal(number, found.words[i], expected->words[i]);
}

// Executes `insn` (text) with rd = a0, rs1 = a1, rs2 = a2 and checks what it leaves: rd, the state.
// mtval is the instruction or `value`.
#define REFUSED(number, insn, rs1, rs2, cause, value)                                          \
  do {                                                                                         \
    struct state before_ = read_state();                                                       \
    register uint32_t a0 __asm__("a0") = SENTINEL;                                             \
    register uint32_t a1 __asm__("a1") = (uint32_t)(rs1);                                      \
    register uint32_t a2 __asm__("a2") = (uint32_t)(rs2);                                      \
    uint32_t pc_;                                                                              \
    __asm__ __volatile__(".option push\n.option norvc\n"                                       \
                         "la %1, 1f\n1: " insn "\n.option pop"                                 \
                         : "+r"(a0), "=&r"(pc_)                                                \
                         : "r"(a1), "r"(a2)                                                    \
                         : "memory");                                                          \
    uint32_t rd_ = a0;                                                                         \
    refused(number, rd_, pc_, cause, value, &before_);                                         \
  } while (0)

static void refused(int number, uint32_t rd, uint32_t pc, uint32_t cause, uint32_t value,
                    const struct state *before) {
  check_equal(number, last_trap.cause, cause);
  check_equal(number, last_trap.pc, pc);
  uint32_t insn;
  memcpy(&insn, (const void *)pc, 4);
  check_equal(number, last_trap.value, cause == CAUSE_ILLEGAL ? insn : value);
  check_equal(number, rd, SENTINEL);
  last_trap.cause = 0;
  check_state(number, before);
}

#define ILLEGAL(number, insn, rs1, rs2) REFUSED(number, insn, rs1, rs2, CAUSE_ILLEGAL, 0)

// The unit still works, and with the kernel that it had.
static void check_works(int number) {
  uint32_t carry[4];
  for (uint32_t i = 0; i < 4; i++) carry[i] = conv_read(CONV_CARRY + i);
  struct expected expected = expect_run(image, PITCH, &kernel, conv_read(CONV_CONFIGURATION),
                                        conv_read(CONV_THRESHOLD), carry, fraction);
  int32_t output = conv_run(image, PITCH);
  check_no_trap(number);
  check_run(number, output, &expected);
}

int main(void) {
  uint32_t sides = conv_read(CONV_KERNEL), slots = conv_read(CONV_KERNELS);
  fraction = conv_read(CONV_LOG_FRAC);
  set_trap_handler(note_trap);
  fill(image, 9 * PITCH);
  image[0] = 3;
  kernel.side = sides;
  fill(kernel.weights, MAX_SIDE * MAX_SIDE);

  // Before any load: no kernel, whatever the address is.
  ILLEGAL(1, CONV_RAW("1, 0, a0, a1, a2"), PITCH, image);
  ILLEGAL(2, CONV_RAW("1, 0, a0, a1, a2"), PITCH, 2);
  ILLEGAL(3, CONV_RAW("1, 0, a0, a1, a2"), PITCH, NOWHERE);
  ILLEGAL(4, CONV_RAW("2, 0, a0, a1, x0"), 0, 0);

  conv_load(kernel.weights, sides, 0);
  conv_config(conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, 1, 0), 4u << fraction);
  conv_carry(0x8005, 0, 0x8010, 0x8001);
  check_works(5);

  // Every bit of funct7.
  ILLEGAL(11, CONV_RAW("0, 1, a0, a1, a2"), sides, kernel.weights);
  ILLEGAL(12, CONV_RAW("1, 2, a0, a1, a2"), PITCH, image);
  ILLEGAL(13, CONV_RAW("2, 4, a0, a1, x0"), 0, 0);
  ILLEGAL(14, CONV_RAW("3, 8, a0, a1, x0"), 0, 0);
  ILLEGAL(15, CONV_RAW("4, 16, a0, a1, a2"), 0, 0);
  ILLEGAL(16, CONV_RAW("5, 32, a0, a1, a2"), 0, 0);
  ILLEGAL(17, CONV_RAW("6, 64, a0, x0, x0"), 0, 0);
  ILLEGAL(18, CONV_RAW("7, 127, a0, a1, a2"), 0, 0);
  // A register where x0 must be, though it is 0.
  ILLEGAL(20, CONV_RAW("2, 0, a0, a1, a2"), 0, 0);
  ILLEGAL(21, CONV_RAW("3, 0, a0, a1, a2"), 0, 0);
  ILLEGAL(22, CONV_RAW("6, 0, a0, a1, x0"), 0, 0);
  ILLEGAL(23, CONV_RAW("6, 0, a0, x0, a2"), 0, 0);

  // conv.load: sides and slots.
  ILLEGAL(30, CONV_RAW("0, 0, a0, a1, a2"), sides + 1, kernel.weights);
  ILLEGAL(31, CONV_RAW("0, 0, a0, a1, a2"), 255, kernel.weights);
  if (slots < 256) ILLEGAL(32, CONV_RAW("0, 0, a0, a1, a2"), slots << 8 | 1, kernel.weights);
  conv_config(0, 0);
  ILLEGAL(33, CONV_RAW("0, 0, a0, a1, a2"), 0, kernel.weights);
  conv_config(conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, 1, 0), 4u << fraction);
  // conv.again: slots.
  if (slots < 256) ILLEGAL(34, CONV_RAW("2, 0, a0, a1, x0"), slots, 0);
  // No kernel in the slot.
  if (slots > 1) {
    conv_config(conv_configuration(CONV_EXACT, CONV_WINDOW, CONV_TILE_1X1, 0, slots - 1), 0);
    ILLEGAL(35, CONV_RAW("1, 0, a0, a1, a2"), PITCH, image);
    ILLEGAL(36, CONV_RAW("2, 0, a0, a1, x0"), slots - 1, 0);
    conv_config(conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, 1, 0), 4u << fraction);
  }
  check_works(39);

  // Addresses that are no multiples of an operand's bytes; an illegal size goes first, and they before a
  // bus error.
  uint32_t bytes = operand_bytes();
  for (uint32_t offset = 1; offset < bytes; offset++) {
    uint32_t address = (uint32_t)image + offset;
    REFUSED(40, CONV_RAW("1, 0, a0, a1, a2"), PITCH, address, CAUSE_LOAD_MISALIGNED, address);
    REFUSED(41, CONV_RAW("0, 0, a0, a1, a2"), sides, address, CAUSE_LOAD_MISALIGNED, address);
    REFUSED(42, CONV_RAW("1, 0, a0, a1, a2"), PITCH, NOWHERE + offset, CAUSE_LOAD_MISALIGNED, NOWHERE + offset);
    ILLEGAL(43, CONV_RAW("0, 0, a0, a1, a2"), sides + 1, NOWHERE + offset);
    ILLEGAL(44, CONV_RAW("0, 0, a0, a1, a2"), sides + 1, NOWHERE);
  }
  check_works(49);

  // Bus errors: in the first word, in a later one, in the last; mtval is the operand.
  REFUSED(50, CONV_RAW("1, 0, a0, a1, a2"), PITCH, NOWHERE, CAUSE_LOAD_ACCESS, NOWHERE);
  check_works(51);
  REFUSED(52, CONV_RAW("0, 0, a0, a1, a2"), sides, NOWHERE, CAUSE_LOAD_ACCESS, NOWHERE);
  check_works(53);
  REFUSED(54, CONV_RAW("1, 0, a0, a1, a2"), PITCH, RAM_END - bytes, CAUSE_LOAD_ACCESS, RAM_END - bytes);
  check_works(55);
  uint32_t span = (sides * PITCH + sides) * bytes;
  REFUSED(56, CONV_RAW("1, 0, a0, a1, a2"), PITCH, RAM_END - span, CAUSE_LOAD_ACCESS, RAM_END - span);
  check_works(57);
  REFUSED(58, CONV_RAW("1, 0, a0, a1, a2"), -PITCH, RAM_BASE, CAUSE_LOAD_ACCESS, RAM_BASE);
  check_works(59);
  if (sides > 1) {
    uint32_t address = RAM_END - sides * sides * bytes + bytes;
    REFUSED(60, CONV_RAW("0, 0, a0, a1, a2"), sides, address, CAUSE_LOAD_ACCESS, address);
    check_works(61);
  }
  // The last word of the RAM is the last of the window: that is none.
  uint32_t last = RAM_END - span - bytes;
  int32_t output = conv_run((const int32_t *)last, PITCH);
  (void)output;
  check_no_trap(62);

  // One behind the other, without an instruction between.
  register uint32_t pitch __asm__("a1") = PITCH;
  register uint32_t nowhere __asm__("a2") = NOWHERE;
  register uint32_t first __asm__("a3") = 1;
  register uint32_t second __asm__("a4") = 2;
  __asm__ __volatile__(CONV_RAW("1, 0, %0, %2, %3") "\n"
                       CONV_RAW("7, 1, %1, %2, %3") "\n"
                       CONV_RAW("1, 0, %0, %2, %3") "\n"
                       : "+r"(first), "+r"(second)
                       : "r"(pitch), "r"(nowhere)
                       : "memory");
  check_trap(70, CAUSE_LOAD_ACCESS, NOWHERE);
  check_equal(71, first, 1);
  check_equal(72, second, 2);
  check_works(73);
  return 0;
}
