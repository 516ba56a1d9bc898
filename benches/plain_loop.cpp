// SPDX-License-Identifier: MIT OR Apache-2.0
// The obvious alternative to the Rust driver: a C++ loop around the verilated unit. It is linked
// with the very objects that the Rust driver calls, and it does what the driver does: reads beyond
// the memory are bus errors, a unit that hangs is found, errors of the RTL are looked for in each
// cycle, time stands right at both clock edges, and a window yields its outputs, S_max, kept
// products, cycles and times.
//
//   plain_loop WINDOWS   prints the seconds and the sum of the outputs
//
// MODEL is the class of a unit with LOG_FRAC = 0, KERNEL its largest kernel side, BEAT_WORDS the words
// of its memory port, HEADER its header.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include HEADER
#include "verilated.h"

namespace {

struct Result {
    int32_t outputs[4];
    int32_t s_max[4];  // -1: none
    uint64_t keep[2];
    uint32_t cycles;
    uint32_t last_word_cycle;
    uint64_t done_time;
    uint32_t error;
};

constexpr uint32_t kHangCycles = 10000;

// Up to 64 products are a number to Verilator, more are an array of words.
inline void copy_keep(uint64_t* to, uint64_t keep) {
    to[0] = keep;
    to[1] = 0;
}

template <std::size_t N>
inline void copy_keep(uint64_t* to, const VlWide<N>& keep) {
    to[0] = static_cast<uint64_t>(keep[1]) << 32 | keep[0];
    to[1] = static_cast<uint64_t>(keep[3]) << 32 | keep[2];
}

// A port of 32 bits is a number, a wider one an array of words.
inline void copy_beat(uint32_t& to, const uint32_t* words) { to = *words; }

template <std::size_t N>
inline void copy_beat(VlWide<N>& to, const uint32_t* words) {
    for (std::size_t i = 0; i < N; i++) to[i] = words[i];
}

constexpr uint32_t kPlaneAddr = 256;
constexpr int kSide = 28;

struct Harness {
    VerilatedContext context;
    MODEL unit{&context};
    std::vector<uint32_t> memory = std::vector<uint32_t>(1024);
    bool answer = false;
    uint32_t answer_addr = 0;
    uint32_t last_word_cycle = 0;

    void cycle(uint32_t number) {
        unit.mem_rvalid_i = answer;
        if (answer) {
            last_word_cycle = number;
            const bool inside = answer_addr / 4 + BEAT_WORDS <= memory.size();
            unit.mem_err_i = !inside;
            if (inside) copy_beat(unit.mem_rdata_i, &memory[answer_addr / 4]);
        }
        answer = unit.mem_req_o;
        answer_addr = unit.mem_addr_o;
        context.timeInc(5);
        unit.clk_i = 0;
        unit.eval();
        context.timeInc(5);
        unit.clk_i = 1;
        unit.eval();
        if (context.gotError() || context.gotFinish()) std::exit(1);
    }

    Result command() {
        Result result;
        unit.cmd_valid_i = 1;
        cycle(0);
        unit.cmd_valid_i = 0;
        uint32_t cycles = 1;
        for (; !unit.done_valid_o; cycles++) {
            cycle(cycles);
            if (cycles == kHangCycles) std::exit(1);
        }
        result.cycles = cycles;
        result.last_word_cycle = last_word_cycle;
        result.done_time = context.time();
        result.error = unit.error_o;
        copy_keep(result.keep, unit.keep_o);
        for (int out = 0; out < 4; out++) {
            const uint32_t s_max = unit.smax_o >> (7 * out) & 0x7f;
            result.outputs[out] = static_cast<int32_t>(unit.output_o[out]);
            result.s_max[out] = s_max & 0x40 ? static_cast<int32_t>(s_max & 0x3f) : -1;
        }
        unit.done_ready_i = 1;
        cycle(0);
        unit.done_ready_i = 0;
        return result;
    }
};

}  // namespace

int main(int argc, char** argv) {
    const long windows = argc > 1 ? std::atol(argv[1]) : 100000;
    Harness harness;
    harness.context.fatalOnError(false);
    auto& unit = harness.unit;
    unit.mem_gnt_i = 1;
    unit.rst_ni = 0;
    harness.cycle(0);
    harness.cycle(0);
    unit.rst_ni = 1;

    for (int i = 0; i < KERNEL * KERNEL; i++) {
        harness.memory[i] = static_cast<uint32_t>(i * 37 % 11 - 5);
    }
    for (int i = 0; i < kSide * kSide; i++) {
        harness.memory[kPlaneAddr / 4 + i] = (i * 7919) % 5 == 0 ? (i * 31) % 256 : 0;
    }
    unit.cmd_op_i = 0;
    unit.cmd_kernel_i = 0;
    unit.cmd_size_i = KERNEL;
    unit.cmd_addr_i = 0;
    harness.command();

    uint32_t sum = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (long i = 0; i < windows; i++) {
        const long tiles = (kSide - KERNEL + 1) / 2;
        const long x = i % tiles * 2, y = i / tiles % tiles * 2;
        unit.cmd_op_i = 1;
        unit.cmd_kernel_i = 0;
        unit.cmd_reuse_i = 0;
        unit.cmd_size_i = kSide;
        unit.cmd_addr_i = static_cast<uint32_t>(kPlaneAddr + 4 * (y * kSide + x));
        unit.cmd_tile_i = 1;
        unit.cmd_mode_i = 3;
        unit.cmd_threshold_i = 4;
        unit.cmd_running_i = 0;
        unit.cmd_smax_i = 0;
        const Result result = harness.command();
        if (result.error) std::exit(1);
        for (const int32_t output : result.outputs) sum += static_cast<uint32_t>(output);
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("%.9f %u\n", seconds.count(), sum);
}
