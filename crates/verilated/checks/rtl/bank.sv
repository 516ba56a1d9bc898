// SPDX-License-Identifier: MIT OR Apache-2.0
// One memory.

`default_nettype none

module bank (
  input  wire logic        clk_i,
  input  wire logic        we_i,
  input  wire logic [3:0]  addr_i,
  input  wire logic [31:0] data_i,
  output      logic [31:0] word_o
);

  logic [31:0] words [16] /*verilator public_flat_rw*/;

  always_ff @(posedge clk_i) begin
    if (we_i) words[addr_i] <= data_i;
    word_o <= words[addr_i];
  end

endmodule

`default_nettype wire
