// SPDX-License-Identifier: MIT OR Apache-2.0
// Parameters, macros and an include file decide what comes out.

`include "tuned.svh"

`default_nettype none

module tuned #(
  parameter int         Factor = 2,
  parameter logic [7:0] Offset = 8'h0
) (
  input  logic [7:0]  a_i,
  output logic [15:0] b_o
);

`ifdef EXTRA
  localparam int Extra = `EXTRA;
`else
  localparam int Extra = 0;
`endif

  logic [15:0] b;
  assign b = 16'(a_i) * 16'(Factor) + 16'(Offset) + 16'(Extra) + 16'(`INCLUDED);

`ifdef NEGATE
  assign b_o = ~b;
`else
  assign b_o = b;
`endif

endmodule

`default_nettype wire
