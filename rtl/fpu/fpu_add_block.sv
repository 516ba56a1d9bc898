// SPDX-License-Identifier: MIT OR Apache-2.0
// A block of fpu_add: the sums for either carry. A module of its own, since synthesis, which takes
// modules one by one, would otherwise chain the blocks again.
`default_nettype none

module fpu_add_block #(
  parameter int W = 13
) (
  input  wire logic         valid_i,      // the outputs mean nothing without
  input  wire logic [W-1:0] a_i,
  input  wire logic [W-1:0] b_i,
  output      logic [W:0]   without_o,
  output      logic [W:0]   with_carry_o
);

  always_comb begin
    without_o    = 'x;
    with_carry_o = 'x;
    if (valid_i) begin
      without_o    = {1'b0, a_i} + {1'b0, b_i};
      with_carry_o = {1'b0, a_i} + {1'b0, b_i} + (W + 1)'(1);
    end
  end

endmodule

`default_nettype wire
