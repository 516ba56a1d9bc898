// SPDX-License-Identifier: MIT OR Apache-2.0
/* lenet_unit on a unit with operands of 16 bits. */
#define OPERAND_W 16
#include "lenet_unit.c"
