// SPDX-License-Identifier: MIT OR Apache-2.0
// Registers and inverts ports of every width that is stored in a different way.

`default_nettype none

module widths (
  input  logic         clk_i,
  input  logic         w1_i,
  input  logic [7:0]   w8_i,
  input  logic [8:0]   w9_i,
  input  logic [15:0]  w16_i,
  input  logic [16:0]  w17_i,
  input  logic [31:0]  w32_i,
  input  logic [32:0]  w33_i,
  input  logic [63:0]  w64_i,
  input  logic [64:0]  w65_i,
  input  logic [127:0] w128_i,
  input  logic [199:0] w200_i,
  output logic         w1_o,
  output logic         n1_o,
  output logic [7:0]   w8_o,
  output logic [7:0]   n8_o,
  output logic [8:0]   w9_o,
  output logic [8:0]   n9_o,
  output logic [15:0]  w16_o,
  output logic [15:0]  n16_o,
  output logic [16:0]  w17_o,
  output logic [16:0]  n17_o,
  output logic [31:0]  w32_o,
  output logic [31:0]  n32_o,
  output logic [32:0]  w33_o,
  output logic [32:0]  n33_o,
  output logic [63:0]  w64_o,
  output logic [63:0]  n64_o,
  output logic [64:0]  w65_o,
  output logic [64:0]  n65_o,
  output logic [127:0] w128_o,
  output logic [127:0] n128_o,
  output logic [199:0] w200_o,
  output logic [199:0] n200_o,
  // Names that mean something in Rust, or nothing.
  input  logic [3:0]   match,
  input  logic [3:0]   time_o,
  input  logic [3:0]   en$x_i,
  input  logic [3:0]   a__b_i,
  input  logic [7:4]   high_i,
  output logic [7:0]   tick,
  output logic [7:0]   sum_o
);

  assign n1_o = ~w1_i;
  assign n8_o = ~w8_i;
  assign n9_o = ~w9_i;
  assign n16_o = ~w16_i;
  assign n17_o = ~w17_i;
  assign n32_o = ~w32_i;
  assign n33_o = ~w33_i;
  assign n64_o = ~w64_i;
  assign n65_o = ~w65_i;
  assign n128_o = ~w128_i;
  assign n200_o = ~w200_i;
  assign tick  = {4'h0, match} + 8'h1;
  assign sum_o = 8'(match) + 8'(time_o) + 8'(en$x_i) + 8'(a__b_i) + 8'(high_i);

  always_ff @(posedge clk_i) begin
    w1_o <= w1_i;
    w8_o <= w8_i;
    w9_o <= w9_i;
    w16_o <= w16_i;
    w17_o <= w17_i;
    w32_o <= w32_i;
    w33_o <= w33_i;
    w64_o <= w64_i;
    w65_o <= w65_i;
    w128_o <= w128_i;
    w200_o <= w200_i;
  end

endmodule

`default_nettype wire
