// SPDX-License-Identifier: MIT OR Apache-2.0
// A first program: text on the UART, and what it cost.
#include "runtime.h"

int main(void) {
  uint64_t cycles = read_cycle(), instructions = read_instret();
  puts("Hello from the core.");
  printf("That took %llu cycles and %llu instructions.\n", read_cycle() - cycles,
         read_instret() - instructions);
  return 0;
}
