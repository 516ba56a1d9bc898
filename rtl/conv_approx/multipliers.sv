// SPDX-License-Identifier: MIT OR Apache-2.0
// A multiplier for each of some products. Their operands are registers outside, which hold while a
// product is not wanted, so that nothing in its multiplier toggles.
`default_nettype none

module multipliers #(
  parameter  int LANES     = 36,
  parameter  int OPERAND_W = 32,
  localparam int PRODUCT_W = 2 * OPERAND_W < 32 ? 2 * OPERAND_W : 32
) (
  input  wire logic [LANES-1:0]            use_i,
  input  wire logic [OPERAND_W*LANES-1:0]  weight_i,
  input  wire logic [OPERAND_W*LANES-1:0]  activation_i,
  output      logic signed [PRODUCT_W-1:0] product_o [LANES]  // modulo 2^32; 0 without use_i
);

  function automatic logic signed [PRODUCT_W-1:0] product(input logic signed [OPERAND_W-1:0] weight,
                                                          input logic signed [OPERAND_W-1:0] activation);
    product = PRODUCT_W'(weight) * PRODUCT_W'(activation);
  endfunction

  // The outer condition is for simulation: most cycles use no product.
  always_comb begin
    product_o = '{default: '0};
    if (use_i != '0) begin
      for (int lane = 0; lane < LANES; lane++) begin
        if (use_i[lane]) begin
          product_o[lane] = product(weight_i[OPERAND_W*lane +: OPERAND_W],
                                    activation_i[OPERAND_W*lane +: OPERAND_W]);
        end
      end
    end
  end

endmodule

`default_nettype wire
