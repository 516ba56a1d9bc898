// SPDX-License-Identifier: MIT OR Apache-2.0
// The shim of one model. The build side puts a head before this file that defines
//   VRS_TOP     the class of the model       VRS_TABLE  the name of the function below
//   VRS_BIND    the code that stores the addresses of ports and memories
//   VRS_DATA    the first fields of the table, up to the functions
//   VRS_TRACE   0 none, 1 VCD, 2 FST         VRS_COVERAGE  0 or 1
//   VRS_CLOCK   the clock's member, absent without a clock

#include <cstring>
#include <exception>

#if VRS_TRACE == 1
#include "verilated_vcd_c.h"
typedef VerilatedVcdC vrs_trace_file;
#elif VRS_TRACE == 2
#include "verilated_fst_c.h"
typedef VerilatedFstC vrs_trace_file;
#endif
#if VRS_COVERAGE
#include "verilated_cov.h"
#endif

namespace {

struct Instance final : public vrs_model {
    VRS_TOP* topp = nullptr;
#if VRS_TRACE
    vrs_trace_file* tracep = nullptr;
#endif
};

inline Instance* self(vrs_model* modelp) { return static_cast<Instance*>(modelp); }

inline bool refused(const vrs_model* modelp) {
    return VL_UNLIKELY((modelp->flags & (VRS_FINISHED | VRS_POISONED)) != 0);
}

// Calls the model by an action that may throw; whatever is thrown poisons it.
template <typename Action>
inline void guarded(vrs_model* modelp, Action action) {
    try {
        const vrs_call call{modelp};
        action();
    } catch (const vrs_fatal&) {
        vrs_poison(modelp, nullptr);
    } catch (const std::exception& error) {
        vrs_poison(modelp, error.what());
    } catch (...) {
        const bool is_panic = !std::current_exception();
        vrs_poison(modelp, is_panic ? "a panic in a function of the design" : "unknown C++ exception");
        // It goes on to whoever called the model.
        if (is_panic) throw;
    }
}

#if VRS_TRACE
void dump_now(Instance* modelp) {
    const uint64_t now = modelp->contextp->time();
    if (modelp->dumped && now <= modelp->last_dump) return;
    modelp->last_dump = now;
    modelp->dumped = true;
    modelp->tracep->dump(now);
}
#endif

inline void dump(Instance* modelp) {
#if VRS_TRACE
    if (VL_UNLIKELY(modelp->dumping)) dump_now(modelp);
#endif
}

#ifdef VRS_CLOCK
// The clock falls together with the change of inputs and rises half a cycle later. The
// evaluation between settles the logic that depends on the inputs: concurrent
// assertions sample it at the start of the evaluation with the rising edge.
inline void cycle(Instance* modelp, VRS_TOP* topp) {
    modelp->contextp->time(modelp->base + VRS_HALF);
    topp->VRS_CLOCK = 0;
    topp->eval();
    dump(modelp);
    modelp->base += VRS_CYCLE;
    ++modelp->cycles;
    modelp->contextp->time(modelp->base);
    topp->VRS_CLOCK = 1;
    topp->eval();
    dump(modelp);
}
#endif

// An evaluation between two clock edges. The falling edge is due half a cycle after the rising
// one, and later where evaluations have come so far: nothing that they show may go missing.
void eval_between(Instance* modelp, uint64_t now) {
    modelp->contextp->time(now);
    if (now >= modelp->base + VRS_HALF) modelp->base = now + 1 - VRS_HALF;
    modelp->topp->eval();
    dump(modelp);
}

// Always gives a model back, so that its text and error can be read from it.
vrs_model* create(const vrs_config* configp, void** storagepp) {
    Instance* const modelp = new Instance;
    modelp->id = vrs_next_id();
    // Nobody else may set a seed until this model has drawn its initial values.
    const std::lock_guard<std::mutex> lock{vrs_construct_mutex()};
    modelp->contextp = new VerilatedContext;
    guarded(modelp, [=]() {
#if VRS_TRACE
        modelp->contextp->traceEverOn(true);
#endif
        vrs_configure(modelp, configp);
        modelp->topp = new VRS_TOP{modelp->contextp, "TOP"};
        VRS_TOP* const topp = modelp->topp;
        modelp->contextp->time(modelp->base);
        VRS_BIND
        // Initial blocks and the first settling, with all inputs low.
        topp->eval();
    });
    return modelp;
}

void finalize(vrs_model* modelp) {
    if (modelp->flags & VRS_POISONED || !self(modelp)->topp) return;
    guarded(modelp, [=]() { self(modelp)->topp->final(); });
    modelp->flags |= VRS_FINISHED | VRS_FINALIZED;
}

void trace_close(vrs_model* modelp) {
#if VRS_TRACE
    Instance* const instancep = self(modelp);
    modelp->dumping = false;
    if (!modelp->trace_open) return;
    modelp->trace_open = false;
    guarded(modelp, [=]() { instancep->tracep->close(); });
    modelp->closing = true;
    delete instancep->tracep;
    modelp->closing = false;
    instancep->tracep = nullptr;
#else
    (void)modelp;
#endif
}

void destroy(vrs_model* modelp) {
    trace_close(modelp);
    vrs_switch(modelp);
    modelp->closing = true;
    delete self(modelp)->topp;
    delete modelp->contextp;
    vrs_leave(modelp);
    if (vrs_this.callp) vrs_switch(vrs_this.callp);
    delete self(modelp);
}

uint32_t eval_at(vrs_model* modelp, uint64_t time) {
    if (refused(modelp)) return modelp->flags | VRS_REFUSED;
    guarded(modelp, [=]() { eval_between(self(modelp), time); });
    return modelp->flags;
}

uint32_t eval(vrs_model* modelp) { return eval_at(modelp, modelp->contextp->time() + 1); }

uint32_t tick(vrs_model* modelp) {
#ifdef VRS_CLOCK
    if (refused(modelp)) return modelp->flags | VRS_REFUSED;
    guarded(modelp, [=]() { cycle(self(modelp), self(modelp)->topp); });
    return modelp->flags;
#else
    return modelp->flags | VRS_NO_CLOCK;
#endif
}

// What a batch does before each cycle: nothing, or the part of a memory.
struct Idle final {
    void operator()(uint64_t) const {}
};

struct Reads final {
    // A copy, so that the compiler knows that no evaluation changes it.
    vrs_reads reads;
    void operator()(uint64_t cycle) {
        *reads.valid = static_cast<uint8_t>(reads.pending);
        if (reads.pending) {
            reads.answered = cycle + 1;
            const uint64_t word = reads.pending_address / 4;
            // A division takes its time: it is left out where nothing is bad.
            const bool good = word + reads.beat <= reads.word_count
                              && (VL_LIKELY(reads.bad_beat == UINT32_MAX)
                                  || reads.pending_address / (4 * reads.beat) != reads.bad_beat);
            *reads.fault = !good;
            if (VL_LIKELY(good)) {
                reads.data[0] = reads.words[word];
                for (uint32_t i = 1; i < reads.beat; ++i) reads.data[i] = reads.words[word + i];
            }
        }
        reads.pending = *reads.request;
        reads.pending_address = *reads.address;
    }
};

template <typename Before>
inline uint32_t run_batch(vrs_model* modelp, uint64_t count, const vrs_stop* stopp, uint64_t* ranp,
                          uint32_t* hitp, Before& before) {
    *ranp = 0;
    *hitp = 0;
#ifdef VRS_CLOCK
    if (refused(modelp)) return modelp->flags | VRS_REFUSED;
    const uint64_t first = vrs_cycles(modelp);
    guarded(modelp, [=, &before]() {
        Instance* const instancep = self(modelp);
        VRS_TOP* const topp = instancep->topp;
        const vrs_stop stop = *stopp;
        const bool watched = stop.port != nullptr;
        for (uint64_t i = 0; i < count; ++i) {
            before(i);
            cycle(instancep, topp);
            if (watched && vrs_stop_hit(&stop)) {
                *hitp = 1;
                break;
            }
            if (VL_UNLIKELY(modelp->flags != 0)) {
                if (modelp->flags != VRS_OUTPUT) break;
                if (modelp->output.size() > VRS_OUTPUT_LIMIT) break;
            }
        }
    });
    *ranp = vrs_cycles(modelp) - first;
    return modelp->flags;
#else
    (void)count;
    (void)stopp;
    (void)before;
    return modelp->flags | VRS_NO_CLOCK;
#endif
}

uint32_t run(vrs_model* modelp, uint64_t count, const vrs_stop* stopp, vrs_reads* readsp,
             uint64_t* ranp, uint32_t* hitp) {
    if (!readsp) {
        Idle idle;
        return run_batch(modelp, count, stopp, ranp, hitp, idle);
    }
    Reads reads{*readsp};
    const uint32_t flags = run_batch(modelp, count, stopp, ranp, hitp, reads);
    *readsp = reads.reads;
    return flags;
}

uint32_t trace_open(vrs_model* modelp, const char* pathp) {
#if VRS_TRACE
    Instance* const instancep = self(modelp);
    if ((modelp->flags & VRS_POISONED) || !instancep->topp) return 1;
    trace_close(modelp);
    guarded(modelp, [=]() {
        instancep->tracep = new vrs_trace_file;
        modelp->trace_open = true;
        instancep->topp->trace(instancep->tracep, 99);
        instancep->tracep->open(pathp);
    });
    if ((modelp->flags & VRS_POISONED) || !instancep->tracep->isOpen()) {
        trace_close(modelp);
        return 1;
    }
    modelp->dumped = false;
    modelp->dumping = true;
    guarded(modelp, [=]() { dump_now(instancep); });
    return 0;
#else
    (void)modelp;
    (void)pathp;
    return 1;
#endif
}

void trace_flush(vrs_model* modelp) {
#if VRS_TRACE
    if (!modelp->trace_open) return;
    guarded(modelp, [=]() { self(modelp)->tracep->flush(); });
#else
    (void)modelp;
#endif
}

void coverage_write(vrs_model* modelp, const char* pathp) {
#if VRS_COVERAGE
    guarded(modelp, [=]() { modelp->contextp->coveragep()->write(pathp); });
#else
    (void)modelp;
    (void)pathp;
#endif
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const vrs_table* VRS_TABLE(void) {
    static const vrs_table s_table = {
        VRS_ABI, VRS_DATA,
        create, destroy, finalize, eval, eval_at, tick, run, vrs_flags, vrs_time, vrs_cycles,
        trace_open, trace_close, trace_flush, vrs_trace_enable, coverage_write,
        vrs_take_output, vrs_take_error,
    };
    return &s_table;
}
