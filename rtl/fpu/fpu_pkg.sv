// SPDX-License-Identifier: MIT OR Apache-2.0
// Operations, rounding modes and flags of the floating-point unit, and the format in which a number
// that is not rounded yet goes from its first stage to the second.
`default_nettype none

package fpu_pkg;

  typedef enum logic [4:0] {
    FPU_ADD      = 5'd0,
    FPU_SUB      = 5'd1,
    FPU_MUL      = 5'd2,
    FPU_MADD     = 5'd3,  //   a b + c
    FPU_MSUB     = 5'd4,  //   a b - c
    FPU_NMSUB    = 5'd5,  // -(a b) + c
    FPU_NMADD    = 5'd6,  // -(a b) - c
    FPU_DIV      = 5'd7,
    FPU_SQRT     = 5'd8,
    FPU_CVT_W_S  = 5'd9,  // to a signed integer
    FPU_CVT_WU_S = 5'd10,
    FPU_CVT_S_W  = 5'd11, // from a signed integer
    FPU_CVT_S_WU = 5'd12,
    FPU_SGNJ     = 5'd13,
    FPU_SGNJN    = 5'd14,
    FPU_SGNJX    = 5'd15,
    FPU_MIN      = 5'd16,
    FPU_MAX      = 5'd17,
    FPU_EQ       = 5'd18,
    FPU_LT       = 5'd19,
    FPU_LE       = 5'd20,
    FPU_CLASS    = 5'd21,
    FPU_MV       = 5'd22  // as it stands
  } op_e;

  // Operations whose result is there in EX; all others round in WB.
  function automatic logic early(op_e op);
    case (op)
      FPU_SGNJ, FPU_SGNJN, FPU_SGNJX, FPU_MIN, FPU_MAX, FPU_EQ, FPU_LT, FPU_LE, FPU_CLASS, FPU_MV:
        early = 1'b1;
      default:
        early = 1'b0;
    endcase
  endfunction

  // Operations that stay in EX for more than a cycle.
  function automatic logic iterates(op_e op);
    iterates = op == FPU_DIV || op == FPU_SQRT;
  endfunction

  // Rounding modes.
  localparam logic [2:0] RNE = 3'd0;   // to nearest, ties to even
  localparam logic [2:0] RTZ = 3'd1;   // towards zero
  localparam logic [2:0] RDN = 3'd2;   // down
  localparam logic [2:0] RUP = 3'd3;   // up
  localparam logic [2:0] RMM = 3'd4;   // to nearest, ties away from zero

  // Bits of the flags.
  localparam int NV = 4;   // invalid operation
  localparam int DZ = 3;   // division by zero
  localparam int OF = 2;   // overflow
  localparam int UF = 1;   // underflow
  localparam int NX = 0;   // inexact

  localparam logic [31:0] CANONICAL_NAN = 32'h7fc0_0000;

  // ---- Single precision ----------------------------------------------------------------------

  typedef struct packed {
    logic        sign;
    logic [7:0]  exponent;
    logic [22:0] fraction;
  } float_t;

  localparam logic [9:0] BIAS = 10'd127;

  function automatic logic is_nan(float_t x);
    is_nan = x.exponent == '1 && x.fraction != '0;
  endfunction

  function automatic logic is_signalling(float_t x);
    is_signalling = is_nan(x) && !x.fraction[22];
  endfunction

  function automatic logic is_infinite(float_t x);
    is_infinite = x.exponent == '1 && x.fraction == '0;
  endfunction

  function automatic logic is_zero(float_t x);
    is_zero = x.exponent == '0 && x.fraction == '0;
  endfunction

  function automatic logic [31:0] infinity(logic sign);
    infinity = {sign, 8'hff, 23'b0};
  endfunction

  // A finite number is significand 2^(scale - 127 - 23), be it normal or subnormal.
  function automatic logic [23:0] significand(float_t x);
    significand = {x.exponent != '0, x.fraction};
  endfunction

  function automatic logic [7:0] scale(float_t x);   // 1 to 254
    scale = {x.exponent[7:1], x.exponent[0] || x.exponent == '0};
  endfunction

  // ---- Between the stages --------------------------------------------------------------------

  // The number is sum 2^(room - 126 - 75): sum is two's complement, and the second stage may shift it
  // left by `room` places before its top bit, 75, has the exponent of subnormal numbers. It shifts left
  // only: the first stage puts small numbers so far to the right that room is not negative.
  localparam int SUM_W = 77;

  typedef enum logic [1:0] {TO_FLOAT, TO_SIGNED, TO_UNSIGNED} target_e;

  typedef struct packed {
    logic       ready;      // sum[31:0] is the result, and has been since the first stage
    logic       invalid;    // NV of a result that is ready
    logic       by_zero;    // DZ of a result that is ready
    target_e    target;     // to an integer, the shift is room, and sum not negative
    logic       negative;   // the number is, if sum is not
    logic       cancels;    // terms of unlike signs: a sum of 0 has the sign that rounding gives it
    logic       sticky;     // the number is larger in magnitude by less than 1 in sum
    logic [8:0] room;
  } unrounded_t;

  // Whether the magnitude of a number is rounded up: of its last bit that stays, the one behind, and
  // whether any further one is set.
  function automatic logic rounds_up(logic [2:0] rm, logic sign, logic last, logic half, logic rest);
    case (rm)
      RNE:     rounds_up = half && (rest || last);
      RDN:     rounds_up = sign && (half || rest);
      RUP:     rounds_up = !sign && (half || rest);
      RMM:     rounds_up = half;
      default: rounds_up = 1'b0;   // RTZ
    endcase
  endfunction

endpackage

`default_nettype wire
