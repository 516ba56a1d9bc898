/* SPDX-License-Identifier: MIT OR Apache-2.0 */
// What all models have in common on the C++ side.
#ifndef VRS_MODEL_H
#define VRS_MODEL_H

#include "vrs_print.h"

#include "vrs.h"
#include "verilated.h"

#include <mutex>
#include <stdexcept>
#include <string>

// One clock cycle in units of the model's time precision: the clock falls half a cycle
// after the start of a tick and rises at its end.
constexpr uint64_t VRS_HALF = 5;
constexpr uint64_t VRS_CYCLE = 2 * VRS_HALF;
// A batch hands its text over when this much has gathered.
constexpr size_t VRS_OUTPUT_LIMIT = 64 * 1024;

struct vrs_model {
    // The fields the hot path reads come first, on one cache line.
    uint32_t flags = 0;
    bool dumping = false;
    uint64_t id = 0;
    uint64_t base = 0;  // the next cycle is from here to VRS_CYCLE later
    uint64_t cycles = 0;
    VerilatedContext* contextp = nullptr;

    bool closing = false;  // inside a destructor, where nothing may throw
    bool trace_open = false;
    uint64_t last_dump = 0;
    bool dumped = false;
    std::string output;
    std::string taken;
    std::string held;  // a line that may turn out to be the text of an error
    std::string error_text;
    std::string error_file;
    uint64_t error_time = 0;
    uint32_t error_line = 0;
    uint32_t error_kind = 0;

    void record(uint32_t kind, const char* file, int line, const std::string& text);
    void release_held();
};

// Thrown by vl_fatal; the error is recorded in the model by then.
struct vrs_fatal final {};

// What a thread knows of models. The identifier of the one that it entered last is unique for the
// life of the process, so that a model at the address of a deleted one is not taken for it.
struct vrs_thread {
    uint64_t id;
    vrs_model* currentp;
    vrs_model* callp;  // the one that is in a call, or null
    bool ending;       // it destroys what is local to it, what Verilator prints with among it
};
// __thread rather than thread_local: the latter calls a wrapper from other files.
extern __thread vrs_thread vrs_this;
void vrs_switch(vrs_model* modelp);
void vrs_enter(vrs_model* modelp);  // throws when the thread is ending
void vrs_leave(vrs_model* modelp);

// A call of a model on this thread. A function of the design's that is written in Rust may call
// another model meanwhile: what the outer one prints and raises afterwards is its own again.
struct vrs_call final {
    vrs_model* const outerp = vrs_this.callp;
    explicit vrs_call(vrs_model* modelp) {
        if (VL_UNLIKELY(vrs_this.id != modelp->id)) vrs_enter(modelp);
        vrs_this.callp = modelp;
    }
    ~vrs_call() {
        vrs_this.callp = outerp;
        if (VL_UNLIKELY(outerp != nullptr)) vrs_switch(outerp);
    }
};

// Serialises construction: Verilator before 5.038 restarts the random sequence of
// every thread when any model is given its seed.
std::mutex& vrs_construct_mutex();
uint64_t vrs_next_id();
void vrs_configure(vrs_model* modelp, const vrs_config* configp);
void vrs_poison(vrs_model* modelp, const char* whatp);
uint64_t vrs_time(const vrs_model* modelp);
uint64_t vrs_cycles(const vrs_model* modelp);
uint32_t vrs_flags(const vrs_model* modelp);
const char* vrs_take_output(vrs_model* modelp, uint64_t* lenp);
uint32_t vrs_take_error(vrs_model* modelp, vrs_error* errorp);
void vrs_trace_enable(vrs_model* modelp, uint32_t on);

inline bool vrs_stop_hit(const vrs_stop* stopp) {
    uint64_t value;
    switch (stopp->bytes) {
    case 1: value = *static_cast<const uint8_t*>(stopp->port); break;
    case 2: value = *static_cast<const uint16_t*>(stopp->port); break;
    case 4: value = *static_cast<const uint32_t*>(stopp->port); break;
    case 8: value = *static_cast<const uint64_t*>(stopp->port); break;
    default: {
        const uint32_t* const wordsp = static_cast<const uint32_t*>(stopp->port);
        value = wordsp[0] | static_cast<uint64_t>(wordsp[1]) << 32;
    }
    }
    return ((value & stopp->mask) == stopp->value) == (stopp->equal != 0);
}

#endif
