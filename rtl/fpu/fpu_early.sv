// SPDX-License-Identifier: MIT OR Apache-2.0
// Operations on floats that do not round: signs, comparison, minimum and maximum, classification,
// moves. All of them in one cycle, without registers.
`default_nettype none

module fpu_early
  import fpu_pkg::*;
(
  input  wire logic        valid_i,    // the outputs are 0 without
  input  wire op_e         op_i,       // an early one
  input  wire logic [31:0] a_i,
  input  wire logic [31:0] b_i,

  output      logic [31:0] result_o,
  output      logic [4:0]  flags_o
);

  wire float_t a = float_t'(a_i);
  wire float_t b = float_t'(b_i);

  logic unordered, signalling, equal, less;

  always_comb begin
    unordered  = 1'b0;
    signalling = 1'b0;
    equal      = 1'b0;
    less       = 1'b0;
    if (valid_i) begin
      unordered  = is_nan(a) || is_nan(b);
      signalling = is_signalling(a) || is_signalling(b);
      // The zeros are equal to FEQ, FLT and FLE, and ordered for FMIN and FMAX.
      equal = a_i == b_i || (a_i[30:0] == '0 && b_i[30:0] == '0);
      if (a.sign != b.sign) less = a.sign;
      else                  less = a.sign ? b_i[30:0] < a_i[30:0] : a_i[30:0] < b_i[30:0];
    end
  end

  // Of the two, the one that is a number; a if both are and `is_a` says so.
  function automatic logic [31:0] choose(logic is_a);
    if (is_nan(a) && is_nan(b)) choose = CANONICAL_NAN;
    else if (is_nan(a))         choose = b_i;
    else if (is_nan(b))         choose = a_i;
    else                        choose = is_a ? a_i : b_i;
  endfunction

  function automatic logic [9:0] class_of(float_t x);
    logic subnormal, normal;
    subnormal = x.exponent == '0 && x.fraction != '0;
    normal    = x.exponent != '0 && x.exponent != '1;
    class_of  = {is_nan(x) && !is_signalling(x), is_signalling(x),
                 !x.sign && is_infinite(x), !x.sign && normal, !x.sign && subnormal, !x.sign && is_zero(x),
                 x.sign && is_zero(x), x.sign && subnormal, x.sign && normal, x.sign && is_infinite(x)};
  endfunction

  always_comb begin
    result_o = '0;
    flags_o  = '0;
    if (valid_i) begin
      case (op_i)
        FPU_SGNJ:  result_o = {b.sign, a_i[30:0]};
        FPU_SGNJN: result_o = {!b.sign, a_i[30:0]};
        FPU_SGNJX: result_o = {a.sign ^ b.sign, a_i[30:0]};
        FPU_MIN: begin
          result_o    = choose(less);
          flags_o[NV] = signalling;
        end
        FPU_MAX: begin
          result_o    = choose(!less);
          flags_o[NV] = signalling;
        end
        FPU_EQ: begin
          result_o    = {31'b0, equal && !unordered};
          flags_o[NV] = signalling;
        end
        FPU_LT: begin
          result_o    = {31'b0, less && !equal && !unordered};
          flags_o[NV] = unordered;
        end
        FPU_LE: begin
          result_o    = {31'b0, (less || equal) && !unordered};
          flags_o[NV] = unordered;
        end
        FPU_CLASS: result_o = {22'b0, class_of(a)};
        default:   result_o = a_i;
      endcase
    end
  end

endmodule

`default_nettype wire
