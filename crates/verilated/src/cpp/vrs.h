/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C interface between a verilated model and Rust: a table of data and functions,
 * the same for every model, linked into the program or loaded while it runs. The
 * structures are mirrored in src/library.rs; code that bindgen makes from this file checks
 * their layout. A change here is a new VRS_ABI. */
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

#define VRS_NO_CLOCK 64u /* nothing was done, the model has no clock */

/* Kinds of error. */
#define VRS_KIND_STOP 1u  /* vl_stop: $stop, $error, $fatal or an assertion */
#define VRS_KIND_FATAL 2u /* vl_fatal or a C++ exception */
#define VRS_KIND_FILE 3u  /* $readmemh or $readmemb without its file */

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
    uint32_t bytes; /* size of the storage: 1, 2, 4, 8 or more */
    uint32_t equal; /* 1: stop when equal, 0: stop when not */
} vrs_stop;

/* A memory that answers each read in the cycle after its request, while a batch runs.
 * `request`, `address`, `valid`, `fault` and `data` are storage of the model's ports. */
typedef struct vrs_reads {
    const uint8_t* request;
    const uint32_t* address; /* in bytes */
    uint8_t* valid;
    uint8_t* fault;
    uint32_t* data; /* `beat` words */
    const uint32_t* words;
    uint64_t word_count;
    uint32_t beat;
    uint32_t bad_beat; /* the number of one that is faulty */
    uint32_t pending;  /* a request waits for its answer */
    uint32_t pending_address;
    uint64_t answered; /* the cycle of the batch with the last answer, from 1; 0: none */
} vrs_reads;

typedef struct vrs_error {
    const char* text; /* as printed by the model, length text_len */
    const char* file; /* nul-terminated */
    uint64_t text_len;
    uint64_t time;
    uint32_t line;
    uint32_t kind;
} vrs_error;

typedef struct vrs_port {
    const char* name; /* in the RTL; ports are in the order of their names */
    uint32_t width;
    uint32_t input; /* 1: input, 0: output */
} vrs_port;

typedef struct vrs_memory {
    const char* name;
    uint64_t words;
    uint32_t bits; /* of a word as stored: 8, 16, 32 or 64 */
    uint32_t width;
} vrs_memory;

/* What stands at a line of the RTL that can raise an error. */
typedef struct vrs_place {
    const char* file;
    uint32_t line;
    uint32_t kind; /* as RtlKind in Rust */
} vrs_place;

#define VRS_ABI 3u
/* What a model can do. */
#define VRS_CLOCKED 1u
#define VRS_TRACED 2u
#define VRS_COVERED 4u

typedef struct vrs_table {
    uint32_t abi; /* VRS_ABI, first in every version */
    uint32_t abilities;
    const char* name;
    const char* sources_digest;
    const vrs_port* ports;
    const vrs_memory* memories;
    const vrs_place* places;
    uint32_t port_count;
    uint32_t memory_count;
    uint64_t place_count;
    /* Writes the address of each port, then of each memory. */
    vrs_model* (*create)(const vrs_config* config, void** storage);
    void (*destroy)(vrs_model* model);
    void (*finalize)(vrs_model* model);
    /* These return the status. */
    uint32_t (*eval)(vrs_model* model);
    uint32_t (*eval_at)(vrs_model* model, uint64_t time); /* later than the present time */
    uint32_t (*tick)(vrs_model* model);
    /* Up to `count` cycles, with a memory that is read, or null; `*hit` tells whether the
     * condition ended them. */
    uint32_t (*run)(vrs_model* model, uint64_t count, const vrs_stop* stop, vrs_reads* reads,
                    uint64_t* ran, uint32_t* hit);
    uint32_t (*flags)(const vrs_model* model);
    uint64_t (*time)(const vrs_model* model);
    uint64_t (*cycles)(const vrs_model* model);
    /* 0 when the file is open. */
    uint32_t (*trace_open)(vrs_model* model, const char* path);
    void (*trace_close)(vrs_model* model);
    void (*trace_flush)(vrs_model* model);
    /* Pauses (0) or resumes (1) dumping into the open trace. */
    void (*trace_enable)(vrs_model* model, uint32_t on);
    void (*coverage_write)(vrs_model* model, const char* path);
    /* The text printed since the last call; valid until the next call on the model. */
    const char* (*take_output)(vrs_model* model, uint64_t* len);
    /* Takes the waiting error; zero when there is none. The strings are valid until
     * the next call on the model. */
    uint32_t (*take_error)(vrs_model* model, vrs_error* error);
} vrs_table;

#ifdef __cplusplus
}
#endif

#endif
