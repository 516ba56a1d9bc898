// SPDX-License-Identifier: MIT OR Apache-2.0
/* lenet_unit on a unit with log planes, which the program writes for the input of each layer that has maps. */
#define PLANES
#include "lenet_unit.c"
