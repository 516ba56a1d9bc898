/* The C interface between a verilated model and Rust. Every model adds its own
 * functions to these in a header of its own; bindgen reads both. The structures
 * are mirrored in src/ffi.rs, which checks their layout. */
#ifndef VRS_H
#define VRS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of the status that every stepping function returns; zero is "nothing to
 * see to". */
#define VRS_FINISHED 1u /* $finish has run, or the final blocks have */
#define VRS_POISONED 2u /* the C++ side threw: the state is half-updated */
#define VRS_ERROR 4u    /* an error waits to be taken */
#define VRS_OUTPUT 8u   /* text waits to be taken */
#define VRS_REFUSED 16u /* nothing was done, the model takes no more calls */
#define VRS_FINALIZED 32u /* the final blocks have run */

/* Kinds of error. */
#define VRS_KIND_STOP 1u  /* vl_stop: $stop, $error, $fatal or an assertion */
#define VRS_KIND_FATAL 2u /* vl_fatal or a C++ exception */

typedef struct vrs_model vrs_model;

typedef struct vrs_config {
    uint64_t time;           /* time at construction, in units of precision */
    const char* const* args; /* plusargs, nul-terminated */
    int32_t arg_count;
    int32_t seed;       /* 1 and above; used when reset is 2 */
    int32_t reset;      /* initial values: 0 zeros, 1 ones, 2 random */
    int32_t assertions; /* 0 switches them off */
} vrs_config;

typedef struct vrs_stop {
    const void* port; /* null: no condition */
    uint64_t mask;
    uint64_t value;
    uint32_t bytes; /* 1, 2, 4 or 8 */
    uint32_t equal; /* 1: stop when equal, 0: stop when not */
} vrs_stop;

typedef struct vrs_error {
    const char* text; /* as printed by the model, length text_len */
    const char* file; /* nul-terminated */
    uint64_t text_len;
    uint64_t time;
    uint32_t line;
    uint32_t kind;
} vrs_error;

uint64_t vrs_time(const vrs_model* model);
uint64_t vrs_cycles(const vrs_model* model);
uint32_t vrs_flags(const vrs_model* model);
/* The text printed since the last call; valid until the next call on the model. */
const char* vrs_take_output(vrs_model* model, uint64_t* len);
/* Takes the waiting error; zero when there is none. The strings are valid until
 * the next call on the model. */
uint32_t vrs_take_error(vrs_model* model, vrs_error* error);
/* Pauses (0) or resumes (1) dumping into the open trace. */
void vrs_trace_enable(vrs_model* model, uint32_t on);

#ifdef __cplusplus
}
#endif

#endif
