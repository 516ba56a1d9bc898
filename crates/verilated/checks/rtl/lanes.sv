// SPDX-License-Identifier: MIT OR Apache-2.0
// Ports whose widths depend on a parameter, and a memory whose size does.

`timescale 1ns / 1ns

`default_nettype none

module lanes #(
  parameter int unsigned Lanes = 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic [       1:0]         addr_i,
  input  logic [Lanes-1:0][15:0]    data_i,
  output logic [Lanes-1:0][15:0]    data_o,   // of the cycle before
  output logic [16+$clog2(Lanes):0] sum_o,    // of all lanes and the word addressed
  output logic [       7:0]         lanes_o
);

  logic [7:0] words [4 * Lanes] /*verilator public_flat_rw*/;

  assign lanes_o = 8'(Lanes);

  always_comb begin
    sum_o = '0;
    for (int i = 0; i < Lanes; i++) sum_o += $bits(sum_o)'(data_o[i]);
    sum_o += $bits(sum_o)'(words[addr_i]);
  end

  always_ff @(posedge clk_i) begin
    data_o <= rst_ni ? data_i : '0;
  end

endmodule

`default_nettype wire
