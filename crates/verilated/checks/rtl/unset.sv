// SPDX-License-Identifier: MIT OR Apache-2.0
// Registers and a memory that nobody resets, and random numbers.

`default_nettype none

module unset (
  input  logic         clk_i,
  input  logic         en_i,
  input  logic [11:0]  addr_i,
  output logic [31:0]  word_o,
  output logic [127:0] wide_o,
  output logic [63:0]  mem_o,
  output logic [31:0]  random_o
);

  logic [31:0]  word_q;
  logic [127:0] wide_q;
  logic [63:0]  mem_q[4096];

  assign word_o = word_q;
  assign wide_o = wide_q;
  assign mem_o  = mem_q[addr_i];

  always_ff @(posedge clk_i) begin
    if (en_i) begin
      word_q        <= word_q + 1;
      wide_q        <= wide_q + 1;
      mem_q[addr_i] <= mem_q[addr_i] + 1;
      random_o      <= $urandom;
    end
  end

endmodule

`default_nettype wire
