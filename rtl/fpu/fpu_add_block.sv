// SPDX-License-Identifier: MIT OR Apache-2.0
// A block of fpu_add: the sums for either carry. A module of its own, since synthesis, which takes
// modules one by one, would otherwise chain the blocks again.
`default_nettype none

module fpu_add_block #(
  parameter int W = 13
) (
  input  wire logic [W-1:0] a_i,
  input  wire logic [W-1:0] b_i,
  output wire logic [W:0]   without_o,
  output wire logic [W:0]   with_carry_o
);

  assign without_o    = {1'b0, a_i} + {1'b0, b_i};
  assign with_carry_o = {1'b0, a_i} + {1'b0, b_i} + (W + 1)'(1);

endmodule

`default_nettype wire
