// The obvious alternative to the Rust driver: a C++ loop around the verilated unit. It is linked
// with the very objects that the Rust driver calls.
//
//   plain_loop WINDOWS   prints the seconds and the sum of the outputs
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Vconvapprox_k3.h"
#include "verilated.h"

namespace {

constexpr uint32_t kPlaneAddr = 256;
constexpr int kSide = 28;

struct Harness {
    VerilatedContext context;
    Vconvapprox_k3 unit{&context};
    std::vector<uint32_t> memory = std::vector<uint32_t>(1024);
    bool answer = false;
    uint32_t answer_addr = 0;

    void cycle() {
        unit.mem_rvalid_i = answer;
        if (answer) unit.mem_rdata_i = memory[answer_addr / 4];
        answer = unit.mem_req_o;
        answer_addr = unit.mem_addr_o;
        unit.clk_i = 0;
        unit.eval();
        unit.clk_i = 1;
        unit.eval();
        context.timeInc(10);
        if (context.gotError()) std::exit(1);
    }

    void command() {
        unit.cmd_valid_i = 1;
        cycle();
        unit.cmd_valid_i = 0;
        while (!unit.done_valid_o) cycle();
        unit.done_ready_i = 1;
        cycle();
        unit.done_ready_i = 0;
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
    harness.cycle();
    harness.cycle();
    unit.rst_ni = 1;

    const int kernel[9] = {-1, 0, 1, -2, 0, 2, -1, 0, 1};
    for (int i = 0; i < 9; i++) harness.memory[i] = static_cast<uint32_t>(kernel[i]);
    for (int i = 0; i < kSide * kSide; i++) {
        harness.memory[kPlaneAddr / 4 + i] = (i * 7919) % 5 == 0 ? (i * 31) % 256 : 0;
    }
    unit.cmd_op_i = 0;
    unit.cmd_size_i = 3;
    unit.cmd_addr_i = 0;
    harness.command();

    uint32_t sum = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (long i = 0; i < windows; i++) {
        const long x = i % 13 * 2, y = i / 13 % 13 * 2;
        unit.cmd_op_i = 1;
        unit.cmd_size_i = kSide;
        unit.cmd_addr_i = static_cast<uint32_t>(kPlaneAddr + 4 * (y * kSide + x));
        unit.cmd_tile_i = 1;
        unit.cmd_mode_i = 3;
        unit.cmd_threshold_i = 4;
        unit.cmd_running_i = 0;
        unit.cmd_smax_i = 0;
        harness.command();
        if (unit.error_o) std::exit(1);
        for (int out = 0; out < 4; out++) sum += unit.output_o[out];
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    std::printf("%.9f %u\n", seconds.count(), sum);
}
