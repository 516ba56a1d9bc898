// SPDX-License-Identifier: MIT OR Apache-2.0
// RAM with an instruction port and a data port. Each takes a request in any cycle and answers in
// the next.
`default_nettype none

module soc_ram #(
  parameter  int RAM_BYTES = 1 << 20,       // a power of two
  localparam int ADDR_W    = $clog2(RAM_BYTES / 4)
) (
  input  wire logic              clk_i,

  input  wire logic              instr_req_i,
  input  wire logic [ADDR_W-1:0] instr_word_i,
  output wire logic [31:0]       instr_rdata_o,   // holds until the next request

  input  wire logic              data_req_i,
  input  wire logic [ADDR_W-1:0] data_word_i,
  input  wire logic              data_we_i,
  input  wire logic [3:0]        data_be_i,
  input  wire logic [31:0]       data_wdata_i,
  output wire logic [31:0]       data_rdata_o     // holds until the next read
);

  // Programs are loaded, and results read, from outside.
  logic [31:0] words [RAM_BYTES/4] /*verilator public_flat_rw*/;

  logic [31:0] instr_rdata_q, data_rdata_q;

  wire logic [31:0] mask = {{8{data_be_i[3]}}, {8{data_be_i[2]}}, {8{data_be_i[1]}},
                            {8{data_be_i[0]}}};

  always_ff @(posedge clk_i) begin
    if (instr_req_i) instr_rdata_q <= words[instr_word_i];
    if (data_req_i) begin
      if (data_we_i) words[data_word_i] <= (words[data_word_i] & ~mask) | (data_wdata_i & mask);
      else           data_rdata_q <= words[data_word_i];
    end
  end

  assign instr_rdata_o = instr_rdata_q;
  assign data_rdata_o  = data_rdata_q;

endmodule

`default_nettype wire
