// SPDX-License-Identifier: MIT OR Apache-2.0
// A multiplier with its operands: one slot for a product.
//
// Without enable_i the operands hold, so that nothing in the multiplier toggles.
`default_nettype none

module multiplier #(
  parameter  int OPERAND_W = 32,
  localparam int PRODUCT_W = 2 * OPERAND_W < 32 ? 2 * OPERAND_W : 32
) (
  input  wire logic                        clk_i,

  input  wire logic                        enable_i,      // takes the operands
  input  wire logic signed [OPERAND_W-1:0] weight_i,
  input  wire logic signed [OPERAND_W-1:0] activation_i,

  output wire logic signed [PRODUCT_W-1:0] product_o      // of the operands taken last, modulo 2^32
);

  logic signed [OPERAND_W-1:0] weight_q, activation_q;

  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      weight_q     <= weight_i;
      activation_q <= activation_i;
    end
  end

  assign product_o = PRODUCT_W'(weight_q) * PRODUCT_W'(activation_q);

endmodule

`default_nettype wire
