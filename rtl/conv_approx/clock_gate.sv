// SPDX-License-Identifier: MIT OR Apache-2.0
// A clock gate. Synthesis puts the library's cell in the place of this module.
//
// In simulation the clock always runs. That is the same as long as nothing behind the gate changes
// without the enable, which the gate-level regression shows.
`default_nettype none

module clock_gate (
  input  wire logic clk_i,
  input  wire logic enable_i,   // in a cycle with it, clk_o has its rising edge at the end
  output wire logic clk_o
);

`ifdef SYNTHESIS
  logic enable_q;
  always_latch begin
    if (!clk_i) enable_q = enable_i;
  end
  assign clk_o = clk_i && enable_q;
`else
  assign clk_o = clk_i;
  wire logic unused_enable = enable_i;
`endif

endmodule

`default_nettype wire
