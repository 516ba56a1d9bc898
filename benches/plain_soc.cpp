// SPDX-License-Identifier: MIT OR Apache-2.0
// The obvious alternative to the Rust driver of the system: a C++ loop around the verilated model,
// linked with the very objects that the Rust driver calls. It does what the driver does: loads a
// program, clocks the system, looks at its events and for errors of the RTL in each cycle, keeps
// the time at both clock edges, and collects what the UART sends.
//
//   plain_soc IMAGE TOHOST RUNS   prints the seconds, the cycles and a sum of the bytes sent
//
// IMAGE is the content of the RAM from its first byte on. MODEL is the class of the system, HEADER
// its header, ROOT_HEADER that of its root.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include HEADER
#include ROOT_HEADER
#include "verilated.h"

namespace {

struct Harness {
    VerilatedContext context;
    MODEL soc{&context};
    uint64_t cycles = 0;
    std::vector<uint8_t> output;

    void cycle() {
        context.timeInc(5);
        soc.clk_i = 0;
        soc.eval();
        context.timeInc(5);
        soc.clk_i = 1;
        soc.eval();
        if (context.gotError() || context.gotFinish()) std::exit(1);
        ++cycles;
    }

    void run(const std::vector<char>& image, uint32_t tohost) {
        auto& words = soc.rootp->soc__DOT__u_ram__DOT__words;
        std::memcpy(&words[0], image.data(), image.size());
        soc.rst_ni = 0;
        cycle();
        cycle();
        soc.rst_ni = 1;
        soc.tohost_addr_i = tohost;
        soc.event_enable_i = 6;
        for (;;) {
            cycle();
            if (soc.event_o & 2) output.push_back(soc.uart_data_o);
            if (soc.event_o & 4) break;
        }
        if (soc.tohost_o != 1) std::exit(1);
    }
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return 1;
    std::ifstream file(argv[1], std::ios::binary);
    const std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
    const uint32_t tohost = static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 0));
    const int runs = std::atoi(argv[3]);
    Harness harness;
    harness.context.fatalOnError(false);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < runs; i++) harness.run(image, tohost);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    uint32_t sum = 0;
    for (const uint8_t byte : harness.output) sum = sum * 31 + byte;
    std::printf("%.9f %llu %u\n", seconds.count(),
                static_cast<unsigned long long>(harness.cycles), sum);
}
