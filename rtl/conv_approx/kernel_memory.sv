// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory of a kernel bank: one port to write, one to read. Flip-flops here; a module of its own, so
// that the area of a memory macro can be set in its place.
`default_nettype none

module kernel_memory #(
  parameter  int WORDS  = 16,
  parameter  int WORD_W = 550,
  localparam int ADDR_W = $clog2(WORDS)
) (
  input  wire logic              clk_i,

  input  wire logic              write_i,
  input  wire logic [ADDR_W-1:0] write_addr_i,
  input  wire logic [WORD_W-1:0] write_data_i,

  // With read_i the word is at the output from the next cycle on, until the next read. A word that is
  // written in the same cycle is read as it was before.
  input  wire logic              read_i,
  input  wire logic [ADDR_W-1:0] read_addr_i,
  output      logic [WORD_W-1:0] read_data_o
);

  logic [WORD_W-1:0] word_q [WORDS];

  always_ff @(posedge clk_i) begin
    if (write_i) word_q[write_addr_i] <= write_data_i;
  end

  always_ff @(posedge clk_i) begin
    if (read_i) read_data_o <= word_q[read_addr_i];
  end

endmodule

`default_nettype wire
