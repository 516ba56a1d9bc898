// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts the edges of two clocks.

`timescale 1ns / 1ns

`default_nettype none

module clocks (
  input  wire logic        clk_i,
  input  wire logic        other_i,
  output      logic [15:0] count_o,
  output      logic [15:0] other_o
);

  always_ff @(posedge clk_i) count_o <= count_o + 16'd1;
  always_ff @(posedge other_i) other_o <= other_o + 16'd1;

endmodule

`default_nettype wire
