// SPDX-License-Identifier: MIT OR Apache-2.0
// The sending half of a UART that is never busy: each byte written is an event outside.
`default_nettype none

module soc_uart (
  input  wire logic       clk_i,
  input  wire logic       rst_ni,

  input  wire logic       write_i,
  input  wire logic [7:0] wdata_i,

  output wire logic       sent_o,     // for one cycle, the one after the write
  output wire logic [7:0] byte_o      // the last byte sent
);

  logic       sent_q;
  logic [7:0] byte_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      sent_q <= 1'b0;
      byte_q <= '0;
    end else begin
      sent_q <= write_i;
      if (write_i) byte_q <= wdata_i;
    end
  end

  assign sent_o = sent_q;
  assign byte_o = byte_q;

endmodule

`default_nettype wire
