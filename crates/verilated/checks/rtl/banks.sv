// SPDX-License-Identifier: MIT OR Apache-2.0
// Memories in the design: in an instance, in generate blocks, of every size of word.

`default_nettype none

module banks (
  input  wire logic        clk_i,
  input  wire logic        we_i,
  input  wire logic [3:0]  addr_i,
  input  wire logic [39:0] data_i,
  output wire logic [31:0] word_o,   // of the cycle before
  output wire logic [6:0]  small_o,
  output wire logic [39:0] large_o
);

  bank u_bank (.clk_i, .we_i, .addr_i, .data_i(data_i[31:0]), .word_o);

  wire logic [6:0] lane [2];
  for (genvar i = 0; i < 2; i++) begin : gen_lane
    // Its lowest index is not 0.
    logic [6:0] small_words [10:3] /*verilator public_flat_rw*/;
    logic [6:0] small_q;
    always_ff @(posedge clk_i) begin
      if (we_i && addr_i >= 4'd3 && addr_i <= 4'd10) small_words[addr_i] <= data_i[6:0] + 7'(i);
      small_q <= addr_i >= 4'd3 && addr_i <= 4'd10 ? small_words[addr_i] : '0;
    end
    assign lane[i] = small_q;
  end
  assign small_o = lane[0] ^ lane[1];

  logic [15:0] half__words [4] /*verilator public_flat_rw*/;
  logic [39:0] large_words [16] /*verilator public_flat_rw*/;
  logic [39:0] large_q;
  always_ff @(posedge clk_i) begin
    if (we_i) half__words[addr_i[1:0]] <= data_i[15:0];
    if (we_i) large_words[addr_i] <= data_i;
    large_q <= large_words[addr_i] + 40'(half__words[addr_i[1:0]]);
  end
  assign large_o = large_q;

endmodule

`default_nettype wire
