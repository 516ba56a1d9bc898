// SPDX-License-Identifier: MIT OR Apache-2.0
// The part of the shim that is compiled once and shared by all models.

#include "vrs_model.h"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#ifdef __linux__
#include <fcntl.h>
#endif

__thread vrs_thread vrs_this = {0, nullptr, nullptr, false};

void vrs_switch(vrs_model* modelp) {
    vrs_this.id = modelp->id;
    vrs_this.currentp = modelp;
    Verilated::threadContextp(modelp->contextp);
}

void vrs_enter(vrs_model* modelp) {
    if (vrs_this.ending) {
        modelp->record(VRS_KIND_FATAL, "", 0, "the thread that calls the model is ending");
        throw vrs_fatal{};
    }
    vrs_switch(modelp);
}

// Made later than what Verilator keeps for a thread that prints, and destroyed earlier.
struct vrs_ending final {
    bool used = false;
    ~vrs_ending() {
        vrs_this.ending = true;
        vrs_this.id = 0;
    }
};

void vrs_leave(vrs_model* modelp) {
    if (vrs_this.id == modelp->id) {
        vrs_this.id = 0;
        vrs_this.currentp = nullptr;
    }
}

std::mutex& vrs_construct_mutex() {
    static std::mutex s_mutex;
    return s_mutex;
}

uint64_t vrs_next_id() {
    static std::atomic<uint64_t> s_next{0};
    return ++s_next;
}

void vrs_configure(vrs_model* modelp, const vrs_config* configp) {
    VerilatedContext* const contextp = modelp->contextp;
    modelp->base = configp->time;
    contextp->fatalOnError(false);
    contextp->assertOn(configp->assertions != 0);
    // Arguments first: a `+verilator+seed` among them gives way to the seed here.
    std::vector<const char*> args{"verilated"};
    args.insert(args.end(), configp->args, configp->args + configp->arg_count);
    contextp->commandArgs(static_cast<int>(args.size()), args.data());
    contextp->randReset(configp->reset);
    contextp->randSeed(configp->seed);
}

void vrs_model::release_held() {
    if (held.empty()) return;
    output += held;
    held.clear();
    flags |= VRS_OUTPUT;
}

void vrs_model::record(uint32_t kind, const char* filep, int line, const std::string& text) {
    if (flags & VRS_ERROR) {
        // The first error of a call is the one returned, the others are text.
        release_held();
        if (kind == VRS_KIND_FATAL) {
            output += std::string{filep} + ":" + std::to_string(line) + ": " + text + "\n";
            flags |= VRS_OUTPUT;
        }
        return;
    }
    error_kind = kind;
    error_file = filep;
    error_line = static_cast<uint32_t>(line);
    error_time = contextp->time();
    error_text = text;
    flags |= VRS_ERROR;
}

void vrs_poison(vrs_model* modelp, const char* whatp) {
    if (whatp) modelp->record(VRS_KIND_FATAL, "", 0, whatp);
    modelp->flags |= VRS_POISONED;
}

#ifdef __linux__
#undef mmap
extern "C" void* vrs_mmap(void* atp, size_t length, int protection, int flags, int file,
                          off_t offset) {
    const bool is_written = (flags & MAP_SHARED) && (protection & PROT_WRITE);
    const int error = is_written ? posix_fallocate(file, offset, length) : 0;
    if (error == ENOSPC || error == EFBIG || error == EDQUOT) {
        const std::string text = std::string{"no room for the waveform or its temporary files: "}
                                 + std::strerror(error);
        if (vrs_this.currentp) vrs_poison(vrs_this.currentp, text.c_str());
        // What is written goes nowhere; the model tells of it.
        return mmap(nullptr, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    return mmap(atp, length, protection, flags, file, offset);
}
#endif

extern "C" int vrs_printf(const char* formatp, ...) {
    va_list args;
    va_start(args, formatp);
    va_list again;
    va_copy(again, args);
    const int len = std::vsnprintf(nullptr, 0, formatp, again);
    va_end(again);
    std::string text;
    if (len > 0) {
        text.resize(static_cast<size_t>(len) + 1);
        std::vsnprintf(&text[0], text.size(), formatp, args);
        text.resize(static_cast<size_t>(len));
    }
    va_end(args);
    static thread_local vrs_ending t_ending;
    t_ending.used = true;
    vrs_model* const modelp = vrs_this.currentp;
    if (!modelp) {
        std::fputs(text.c_str(), stdout);
        return len;
    }
    modelp->release_held();
    // `$error` and failed assertions print their text and then stop: the text is
    // kept back, for it belongs to the error.
    if (text.find("] %Error: ") != std::string::npos
        || text.find("] %Fatal: ") != std::string::npos) {
        modelp->held = std::move(text);
    } else if (len > 0) {
        modelp->output += text;
    }
    modelp->flags |= VRS_OUTPUT;
    return len;
}

// Verilator's own versions of the next four end the process or print and go on.

void vl_finish(const char*, int, const char*) {
    if (vrs_this.currentp) vrs_this.currentp->flags |= VRS_FINISHED;
    Verilated::threadContextp()->gotFinish(true);
}

void vl_stop(const char* filep, int line, const char*) {
    vrs_model* const modelp = vrs_this.currentp;
    if (!modelp) {
        std::fprintf(stderr, "%s:%d: error in a model outside of a call\n", filep, line);
        return;
    }
    if (modelp->flags & VRS_ERROR) {
        modelp->record(VRS_KIND_STOP, filep, line, "");
        return;
    }
    std::string text;
    text.swap(modelp->held);
    modelp->record(VRS_KIND_STOP, filep, line, text);
}

void vl_fatal(const char* filep, int line, const char*, const char* msgp) {
    vrs_model* const modelp = vrs_this.currentp;
    if (!modelp) {
        std::fprintf(stderr, "%s:%d: %s\n", filep, line, msgp);
        std::abort();
    }
    modelp->record(VRS_KIND_FATAL, filep, line, msgp);
    if (modelp->closing) return;
    throw vrs_fatal{};
}

void vl_warn(const char* filep, int line, const char*, const char* msgp) {
    // `$readmemh` of a file that is not there leaves the memory as it is.
    if (vrs_this.currentp && std::strcmp(msgp, "$readmem file not found") == 0) {
        return vrs_this.currentp->record(VRS_KIND_FILE, filep, line, msgp);
    }
    vrs_printf("%%Warning: %s:%d: %s\n", filep, line, msgp);
}

uint64_t vrs_time(const vrs_model* modelp) { return modelp->contextp->time(); }
uint64_t vrs_cycles(const vrs_model* modelp) {
    return modelp->cycles;
}
uint32_t vrs_flags(const vrs_model* modelp) { return modelp->flags; }

const char* vrs_take_output(vrs_model* modelp, uint64_t* lenp) {
    modelp->release_held();
    modelp->taken.clear();
    modelp->taken.swap(modelp->output);
    modelp->flags &= ~VRS_OUTPUT;
    *lenp = modelp->taken.size();
    return modelp->taken.data();
}

uint32_t vrs_take_error(vrs_model* modelp, vrs_error* errorp) {
    if (!(modelp->flags & VRS_ERROR)) return 0;
    modelp->flags &= ~VRS_ERROR;
    errorp->text = modelp->error_text.data();
    errorp->text_len = modelp->error_text.size();
    errorp->file = modelp->error_file.c_str();
    errorp->line = modelp->error_line;
    errorp->time = modelp->error_time;
    errorp->kind = modelp->error_kind;
    return 1;
}

void vrs_trace_enable(vrs_model* modelp, uint32_t on) {
    modelp->dumping = on != 0 && modelp->trace_open;
}
