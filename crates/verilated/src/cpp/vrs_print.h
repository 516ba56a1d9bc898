/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// Included ahead of every C++ file of a model and of the Verilator runtime: what
// Verilator would print goes to the model that is being evaluated.
#ifndef VRS_PRINT_H
#define VRS_PRINT_H

extern "C" int vrs_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));
#define VL_PRINTF vrs_printf

#endif
