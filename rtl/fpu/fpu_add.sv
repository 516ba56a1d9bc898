// SPDX-License-Identifier: MIT OR Apache-2.0
// Addition with carry selection: blocks of bits are added for a carry of 0 and of 1 side by side, and
// the carries choose among them.
`default_nettype none

module fpu_add #(
  parameter int W     = 52,
  parameter int BLOCK = 13    // a divisor of W
) (
  input  wire logic         valid_i,     // the outputs mean nothing without
  input  wire logic [W-1:0] a_i,
  input  wire logic [W-1:0] b_i,
  input  wire logic         carry_i,
  output      logic [W-1:0] sum_o,
  output      logic         carry_o
);

  localparam int BLOCKS = W / BLOCK;

  logic [BLOCKS-1:0][BLOCK:0] without, with_carry;   // each with its carry

  for (genvar i = 0; i < BLOCKS; i++) begin : gen_block
    fpu_add_block #(.W(BLOCK)) u_block (
      .valid_i,
      .a_i          (a_i[BLOCK*i+:BLOCK]),
      .b_i          (b_i[BLOCK*i+:BLOCK]),
      .without_o    (without[i]),
      .with_carry_o (with_carry[i])
    );
  end

  always_comb begin
    carry_o = 'x;
    sum_o   = 'x;
    if (valid_i) begin
      carry_o = carry_i;
      for (int i = 0; i < BLOCKS; i++) begin
        sum_o[BLOCK*i+:BLOCK] = carry_o ? with_carry[i][BLOCK-1:0] : without[i][BLOCK-1:0];
        carry_o               = without[i][BLOCK] || (carry_o && with_carry[i][BLOCK]);
      end
    end
  end

endmodule

`default_nettype wire
