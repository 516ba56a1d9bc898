// SPDX-License-Identifier: MIT OR Apache-2.0
// The first stage of addition, multiplication and fused multiply-add: the exact product and the
// addend, aligned and added, in the format of fpu_pkg::unrounded_t. Without registers.
//
// The product of two significands has 48 bits, 46 of them behind the point. It stands at bits 49 to 2
// of the sum. The addend stands at the top, bits 75 to 52, and is shifted right to where its exponent
// says:
//
//   75 ........ 52 51 50 | 49 ............ 2 | 1 0 | behind
//   addend                 product                   sticky
//
// - An addend that would stand further left is so much larger than the product that the latter only
//   matters as being more than 0 and less than a quarter of the addend's last bit, which it is at its
//   place: the exponent is the addend's then.
// - Two bits to the right of the product are enough. With both factors normal the product has 22 bits
//   more than a result. If one is subnormal the product is still at least 2^23, while an addend that
//   reaches k bits below it is less than 2^(24 - k): at most one leading bit cancels if k > 1. If both
//   are, every addend but 0 is far to the left.
`default_nettype none

module fpu_fma
  import fpu_pkg::*;
(
  input  wire logic        valid_i,    // the outputs are 0 without
  input  wire op_e         op_i,       // FPU_ADD to FPU_NMADD
  input  wire logic [31:0] a_i,
  input  wire logic [31:0] b_i,
  input  wire logic [31:0] c_i,        // of FPU_MADD to FPU_NMADD

  output unrounded_t              number_o,
  output logic signed [SUM_W-1:0] sum_o
);

  // ---- x y + z, or less z --------------------------------------------------------------------

  float_t x, y, z;
  logic   product_sign, addend_sign;

  // Not zeroed without valid_i: nothing in front of the multiplier that takes time.
  always_comb begin
    x            = float_t'(a_i);
    y            = float_t'(b_i);
    z            = float_t'(c_i);
    product_sign = a_i[31] ^ b_i[31] ^ (op_i == FPU_NMSUB || op_i == FPU_NMADD);
    addend_sign  = c_i[31] ^ (op_i == FPU_MSUB || op_i == FPU_NMADD);
    case (op_i)
      FPU_ADD, FPU_SUB: begin
        y            = '{sign: 1'b0, exponent: BIAS[7:0], fraction: '0};
        z            = float_t'(b_i);
        product_sign = a_i[31];
        addend_sign  = b_i[31] ^ (op_i == FPU_SUB);
      end
      FPU_MUL: begin
        // A zero of the product's sign leaves the product as it is, a zero too.
        z           = '0;
        addend_sign = product_sign;
      end
      default: ;
    endcase
  end

  wire logic is_add   = op_i == FPU_ADD || op_i == FPU_SUB;
  wire logic subtract = product_sign != addend_sign;

  // ---- Infinities and NaNs -------------------------------------------------------------------

  logic        ready, invalid;
  logic [31:0] result;

  always_comb begin
    ready   = 1'b0;
    invalid = 1'b0;
    result  = '0;
    if (valid_i) begin
      ready   = x.exponent == '1 || y.exponent == '1 || z.exponent == '1;
      invalid = is_signalling(x) || is_signalling(y) || is_signalling(z) ||
                (is_infinite(x) && is_zero(y)) || (is_zero(x) && is_infinite(y)) ||
                ((is_infinite(x) || is_infinite(y)) && !is_nan(x) && !is_nan(y) &&
                 is_infinite(z) && subtract);
      if (invalid || is_nan(x) || is_nan(y) || is_nan(z)) result = CANONICAL_NAN;
      else result = infinity(is_infinite(z) ? addend_sign : product_sign);
    end
  end

  // ---- Alignment -----------------------------------------------------------------------------

  // Places between bit 75 of a sum and bit 46 of a product, the one before its point.
  localparam int LEAD = 27;

  // Of a significand other than 0; 24 of 0.
  function automatic logic [4:0] trailing_zeros(logic [23:0] bits);
    trailing_zeros = 5'd24;
    for (int i = 23; i >= 0; i--) if (bits[i]) trailing_zeros = 5'(i);
  endfunction

  logic signed [9:0]  distance;   // of the addend from the left: exponent of bit 75 less its own
  logic               at_left;    // the addend is
  logic [6:0]         shift;
  logic [8:0]         room;
  logic               sticky;
  logic [76:0]        term;

  always_comb begin
    distance = '0;
    at_left  = 1'b0;
    shift    = '0;
    room     = '0;
    sticky   = 1'b0;
    term     = '0;
    if (valid_i) begin
      // An addition has no product to wait for.
      if (is_add) distance = 10'(scale(x)) - 10'(scale(z)) + 10'(LEAD);
      else        distance = 10'(scale(x)) + 10'(scale(y)) - 10'(scale(z)) + 10'(LEAD) - BIAS;
      // Beside a product of 0 no bit of the addend may be lost, whatever the exponents are.
      at_left  = distance < 0 || is_zero(x) || is_zero(y);
      room     = (at_left ? '0 : distance[8:0]) + 9'(scale(z)) - 9'd1;
      if (!at_left) shift = distance[6:0] | {7{distance > 127}};
      sticky   = !at_left && distance > 10'sd52 + $signed(10'(trailing_zeros(significand(z)))) && !is_zero(z);
      term     = {1'b0, {significand(z), 52'b0} >> shift};
      if (subtract) term = ~term;
    end
  end

  // ---- Sum -----------------------------------------------------------------------------------

  logic [47:0] product_odd, product_carry;

  fpu_multiply u_multiply (
    .valid_i,
    .x_i     (significand(x)),
    .y_i     (significand(y)),
    .odd_o   (product_odd),
    .carry_o (product_carry)
  );

  // Three numbers become two in the bits where the product is.
  wire logic [51:0] odd   = {2'b0, product_odd, 2'b0};
  wire logic [51:0] carry = {2'b0, product_carry, 2'b0};
  wire logic [51:0] most  = (odd & carry) | ((odd | carry) & term[51:0]);

  logic [51:0] low;
  logic        low_carry;

  // Less the addend, and less 1 if a part of it is behind: what is missing then is less than 1.
  fpu_add #(.W(52), .BLOCK(13)) u_low (
    .valid_i,
    .a_i     (odd ^ carry ^ term[51:0]),
    .b_i     (most << 1),
    .carry_i (subtract && !sticky),
    .sum_o   (low),
    .carry_o (low_carry)
  );

  logic [25:0] high, high_next;

  fpu_add_block #(.W(25)) u_high (
    .valid_i,
    .a_i          (term[76:52]),
    .b_i          ('0),
    .without_o    (high),
    .with_carry_o (high_next)
  );

  wire logic [1:0] unused_carries = {high[25], high_next[25]};

  logic signed [SUM_W-1:0] sum;

  assign sum = {low_carry ? high_next[24:0] : high[24:0], low};

  always_comb begin
    number_o = '0;
    sum_o    = '0;
    if (valid_i) begin
      number_o.ready    = ready;
      number_o.invalid  = invalid;
      number_o.negative = product_sign;
      number_o.cancels  = subtract;
      number_o.sticky   = sticky;
      number_o.room     = room;
      sum_o             = ready ? SUM_W'(result) : sum;
    end
  end

endmodule

`default_nettype wire
