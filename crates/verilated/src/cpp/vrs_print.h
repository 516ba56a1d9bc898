/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// Included ahead of every C++ file of a model and of the Verilator runtime: what
// Verilator would print goes to the model that is being evaluated.
#ifndef VRS_PRINT_H
#define VRS_PRINT_H

extern "C" int vrs_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));
#define VL_PRINTF vrs_printf

// The writer of FST works on maps of temporary files, without a look whether there is room for them; an
// access to a map without room ends the process.
#ifdef __linux__
#include <sys/mman.h>
#include <sys/types.h>
extern "C" void* vrs_mmap(void* atp, size_t length, int protection, int flags, int file, off_t offset);
#define mmap vrs_mmap
#endif

#endif
