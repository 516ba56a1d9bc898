// SPDX-License-Identifier: MIT OR Apache-2.0
// A shift register that counts the ones it holds.

`timescale 1ns / 1ns

`default_nettype none

module shifter (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       bit_i,
  output logic [7:0] word_o,
  output logic [3:0] ones_o
);

  logic [7:0] word_q;

  assign word_o = word_q;

  always_comb begin
    ones_o = '0;
    for (int i = 0; i < 8; i++) ones_o += 4'(word_q[i]);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      word_q <= '0;
    end else begin
      word_q <= {word_q[6:0], bit_i};
    end
  end

  AllOnes: cover property (@(posedge clk_i) word_q == 8'hff);

endmodule

`default_nettype wire
