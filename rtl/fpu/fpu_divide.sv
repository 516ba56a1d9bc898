// SPDX-License-Identifier: MIT OR Apache-2.0
// The first stage of division and square root, restoring, four bits of the result a cycle; the result
// is in the format of fpu_pkg::unrounded_t. 7 cycles, or 1 where an operand decides the result.
//
// The first cycle shifts leading zeros of subnormal operands out, doubles the dividend if it is less
// than the divisor, or the radicand if its exponent is odd: the first bit of the result, that of 1, is
// a one then. Six further cycles make 24 bits behind the point, one more than a result has; whether a
// remainder is left says the rest, since no result is halfway between two floats with 25 bits.
//
// With the result q after the bits that are worth u and more, the remainder is (x - q y) / u or
// (x - q^2) / u. Two more bits with the value d u/4 leave 4 remainder - d y, or
// 4 remainder - d (2 q + d u/4). Numbers have 24 bits behind the point.
`default_nettype none

module fpu_divide
  import fpu_pkg::*;
(
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic        valid_i,    // a division or a square root is in EX; it stays until taken_i or flush_i
  input  wire logic        root_i,     // a square root
  input  wire logic        flush_i,    // it leaves EX without a result
  input  wire logic        taken_i,    // it leaves EX with its result
  input  wire logic [31:0] a_i,
  input  wire logic [31:0] b_i,        // the divisor

  output      logic        done_o,     // holds until taken_i
  output unrounded_t              number_o,   // with done_o; without they are 0
  output logic signed [SUM_W-1:0] sum_o
);

  wire float_t a = float_t'(a_i);
  wire float_t b = float_t'(b_i);

  // ---- Operands that decide the result -------------------------------------------------------

  logic        busy_q;
  logic        sign, ready, invalid, by_zero;
  logic [31:0] result;

  wire logic first = valid_i && !busy_q;

  always_comb begin
    sign    = 'x;
    ready   = 1'b0;
    invalid = 1'b0;
    by_zero = 1'b0;
    result  = '0;
    if (valid_i) sign = a.sign ^ (b.sign && !root_i);
    if (first) begin
      ready = a.exponent == '1 || is_zero(a);
      if (root_i) begin
        invalid = is_signalling(a) || (a.sign && !is_nan(a) && !is_zero(a));
        ready   = ready || a.sign;
        result  = invalid || is_nan(a) ? CANONICAL_NAN : a_i;
      end else begin
        invalid = is_signalling(a) || is_signalling(b) || (is_zero(a) && is_zero(b)) ||
                  (is_infinite(a) && is_infinite(b));
        by_zero = is_zero(b) && !is_zero(a) && a.exponent != '1;
        ready   = ready || b.exponent == '1 || is_zero(b);
        if (invalid || is_nan(a) || is_nan(b))      result = CANONICAL_NAN;
        else if (is_infinite(a) || is_zero(b))      result = infinity(sign);
        else                                        result = {sign, 31'b0};
      end
    end
  end

  // ---- First cycle ---------------------------------------------------------------------------

  typedef struct packed {
    logic [4:0]  zeros;
    logic [23:0] significand;
  } normal_t;

  // A significand other than 0 without its leading zeros, and their number.
  function automatic normal_t normalised(logic [23:0] x);
    logic [4:0]  zeros;
    logic [23:0] rest;
    zeros = '0;
    rest  = x;
    if (rest[23:8] == '0)  begin zeros[4] = 1'b1; rest = {rest[7:0], 16'b0}; end
    if (rest[23:16] == '0) begin zeros[3] = 1'b1; rest = {rest[15:0], 8'b0}; end
    if (rest[23:20] == '0) begin zeros[2] = 1'b1; rest = {rest[19:0], 4'b0}; end
    if (rest[23:22] == '0) begin zeros[1] = 1'b1; rest = {rest[21:0], 2'b0}; end
    if (!rest[23])         begin zeros[0] = 1'b1; rest = {rest[22:0], 1'b0}; end
    normalised = '{zeros: zeros, significand: rest};
  endfunction

  // Places between bit 75 of a sum and bit 50, the first one of the result in it. The remainder stands
  // behind: its bits have no meaning but that the result is not exact if one is set.
  localparam int LEAD = 25;

  normal_t           norm_a, norm_b;
  logic signed [9:0] scale_a, scale_b;   // -22 to 254
  logic              odd, less;
  logic signed [9:0] scale_d;
  logic [25:0]       whole_a, remainder, doubled;

  always_comb begin
    norm_a    = '0;
    norm_b    = '0;
    scale_a   = '0;
    scale_b   = '0;
    odd       = 1'b0;
    less      = 1'b0;
    whole_a   = '0;
    doubled   = '0;
    remainder = '0;
    scale_d   = '0;
    if (first && !ready) begin
      norm_a  = normalised(significand(a));
      scale_a = 10'(scale(a)) - 10'(norm_a.zeros);
      whole_a = {1'b0, norm_a.significand, 1'b0};
      if (root_i) begin
        odd       = !scale_a[0];         // the bias is odd
        remainder = (odd ? whole_a << 1 : whole_a) - {2'b01, 24'b0};
        scale_d   = ((scale_a + $signed(BIAS)) >>> 1) + 10'(LEAD);
      end else begin
        norm_b    = normalised(significand(b));
        scale_b   = 10'(scale(b)) - 10'(norm_b.zeros);
        doubled   = {norm_a.significand, 2'b0} - {1'b0, norm_b.significand, 1'b0};
        remainder = whole_a - {1'b0, norm_b.significand, 1'b0};
        less      = remainder[25];
        if (less) remainder = doubled;
        scale_d   = scale_a - scale_b + $signed(BIAS) + 10'(LEAD);
      end
    end
  end

  // ---- Further cycles ------------------------------------------------------------------------

  logic signed [9:0] scale_q;   // of bit 75 of the sum, or one more
  logic        less_q;
  logic [22:0] unit_q, own_q;   // of the first of the next two steps; one of bits 22, 18 to 2
  logic [25:0] remainder_q, remainder_1, remainder_2;
  logic [24:0] result_q, result_1, result_2;
  logic [25:0] base_q, base_1, base_2;

  fpu_divide_step u_step_1 (
    .valid_i     (busy_q),
    .unit_i      (unit_q),
    .own_i       (own_q),
    .remainder_i (remainder_q),
    .result_i    (result_q),
    .base_i      (base_q),
    .remainder_o (remainder_1),
    .result_o    (result_1),
    .base_o      (base_1)
  );

  fpu_divide_step u_step_2 (
    .valid_i     (busy_q),
    .unit_i      (unit_q >> 2),
    .own_i       (own_q >> 2),
    .remainder_i (remainder_1),
    .result_i    (result_1),
    .base_i      (base_1),
    .remainder_o (remainder_2),
    .result_o    (result_2),
    .base_o      (base_2)
  );

  wire logic last = unit_q[2];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                                 busy_q <= 1'b0;
    else if (valid_i && (flush_i || taken_i))    busy_q <= 1'b0;
    else if (first && !ready)                    busy_q <= 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (first && !ready) begin
      scale_q     <= scale_d;
      less_q      <= less;
      unit_q      <= {1'b1, 22'b0};
      own_q       <= {root_i, 22'b0};
      remainder_q <= remainder;
      result_q    <= {1'b1, 24'b0};
      base_q      <= root_i ? {1'b1, 25'b0} : {1'b0, norm_b.significand, 1'b0};
    end else if (busy_q && !last) begin
      unit_q      <= unit_q >> 4;
      own_q       <= own_q >> 4;
      remainder_q <= remainder_2;
      result_q    <= result_2;
      base_q      <= base_2;
    end
  end

  // ---- Result --------------------------------------------------------------------------------

  assign done_o = busy_q ? last : ready;

  // Further down the result is less than half the smallest subnormal number anyway.
  logic signed [9:0] room;

  always_comb begin
    number_o = '0;
    sum_o    = '0;
    room     = 'x;
    if (first) begin
      number_o.ready   = ready;
      number_o.invalid = invalid;
      number_o.by_zero = by_zero;
      sum_o            = SUM_W'(result);
    end else if (busy_q && last) begin
      room = scale_q - 10'(less_q) - 10'd1;
      number_o.negative = sign;
      number_o.room     = room < 0 ? '0 : room[8:0];
      sum_o             = SUM_W'({result_2, remainder_2});
    end
  end

endmodule

`default_nettype wire
