// SPDX-License-Identifier: MIT OR Apache-2.0
// A pending interrupt: software sets and clears it, and so does, if wired, a pulse from outside.
`default_nettype none

module soc_interrupt (
  input  wire logic clk_i,
  input  wire logic rst_ni,

  input  wire logic set_i,         // wins over a write in the same cycle
  input  wire logic write_i,
  input  wire logic wdata_i,

  output wire logic pending_o
);

  logic pending_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      pending_q <= 1'b0;
    else if (set_i)   pending_q <= 1'b1;
    else if (write_i) pending_q <= wdata_i;
  end

  assign pending_o = pending_q;

endmodule

`default_nettype wire
