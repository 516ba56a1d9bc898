// SPDX-License-Identifier: MIT OR Apache-2.0
// Two bits more of a quotient or square root: see fpu_divide. Without registers.
`default_nettype none

module fpu_divide_step (
  input  wire logic        valid_i,       // the outputs mean nothing without
  input  wire logic [22:0] unit_i,        // what the second bit is worth
  input  wire logic [22:0] own_i,         // the same of a square root, else 0
  input  wire logic [25:0] remainder_i,   // less than 4
  input  wire logic [24:0] result_i,      // 1 to 2
  input  wire logic [25:0] base_i,        // what is multiplied by the two bits and taken off: y, or 2 q

  output      logic [25:0] remainder_o,
  output      logic [24:0] result_o,
  output      logic [25:0] base_o
);

  // The differences for each value of the two bits, side by side, in two's complement.
  // Three times, with 9 times the unit, is `most` and `once`; odd and carry are what is left of it then.
  logic [29:0] rest, once, twice, most, odd;
  logic [28:0] carry;

  always_comb begin
    rest  = 'x;
    once  = 'x;
    twice = 'x;
    most  = 'x;
    odd   = 'x;
    carry = 'x;
    if (valid_i) begin
      rest  = {2'b0, remainder_i, 2'b0};
      once  = {4'b0, base_i | 26'(own_i)};
      twice = {3'b0, base_i | {2'b0, own_i, 1'b0}, 1'b0};
      most  = {3'b0, base_i | {1'b0, own_i, 2'b0}, 1'b0};
      odd   = rest ^ most ^ once;
      carry = (rest[28:0] & ~most[28:0]) | ((rest[28:0] | ~most[28:0]) & ~once[28:0]);
    end
  end

  logic [29:0] less_1, less_2, less_3;
  logic [2:0]  unused_carries;

  fpu_add #(.W(30), .BLOCK(15)) u_less_1 (
    .valid_i,
    .a_i     (rest),
    .b_i     (~once),
    .carry_i (1'b1),
    .sum_o   (less_1),
    .carry_o (unused_carries[0])
  );

  fpu_add #(.W(30), .BLOCK(15)) u_less_2 (
    .valid_i,
    .a_i     (rest),
    .b_i     (~twice),
    .carry_i (1'b1),
    .sum_o   (less_2),
    .carry_o (unused_carries[1])
  );

  fpu_add #(.W(30), .BLOCK(15)) u_less_3 (
    .valid_i,
    .a_i     (odd),
    .b_i     ({carry, 1'b1}),
    .carry_i (1'b1),
    .sum_o   (less_3),
    .carry_o (unused_carries[2])
  );

  logic bit_1, bit_0;

  always_comb begin
    bit_1       = 'x;
    bit_0       = 'x;
    remainder_o = 'x;
    result_o    = 'x;
    base_o      = 'x;
    if (valid_i) begin
      bit_1 = !less_2[29];
      bit_0 = bit_1 ? !less_3[29] : !less_1[29];
      case ({bit_1, bit_0})
        2'd3:    remainder_o = less_3[25:0];
        2'd2:    remainder_o = less_2[25:0];
        2'd1:    remainder_o = less_1[25:0];
        default: remainder_o = rest[25:0];
      endcase
      result_o = result_i | (bit_1 ? {1'b0, unit_i, 1'b0} : '0) | (bit_0 ? 25'(unit_i) : '0);
      base_o   = base_i | (bit_1 ? {1'b0, own_i, 2'b0} : '0) | (bit_0 ? {2'b0, own_i, 1'b0} : '0);
    end
  end

endmodule

`default_nettype wire
