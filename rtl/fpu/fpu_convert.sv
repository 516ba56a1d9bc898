// SPDX-License-Identifier: MIT OR Apache-2.0
// The first stage of conversions between floats and 32-bit integers, in the format of
// fpu_pkg::unrounded_t. Without registers: the second stage does the shifting.
`default_nettype none

module fpu_convert
  import fpu_pkg::*;
(
  input  wire logic        valid_i,    // the outputs are 0 without
  input  wire op_e         op_i,       // FPU_CVT_*
  input  wire logic [31:0] a_i,

  output unrounded_t              number_o,
  output logic signed [SUM_W-1:0] sum_o
);

  // The second stage reads an integer from bits 75 to 44 of the shifted sum. A significand at bits 23
  // to 0 is the integer itself when it is shifted by 44, as one with this scale is not.
  localparam logic [7:0] INTEGER = 8'd127 + 8'd23;
  localparam logic [7:0] FIRST   = INTEGER - 8'd44;      // its last bit is shifted by 0
  localparam logic [7:0] LIMIT   = 8'd127 + 8'd32;       // 2^32

  wire float_t a = float_t'(a_i);

  logic is_signed, fits;

  always_comb begin
    number_o  = '0;
    sum_o     = '0;
    is_signed = op_i == FPU_CVT_W_S || op_i == FPU_CVT_S_W;
    fits      = 1'b0;
    if (valid_i) begin
      case (op_i)
        FPU_CVT_W_S, FPU_CVT_WU_S: begin
          number_o.target   = is_signed ? TO_SIGNED : TO_UNSIGNED;
          number_o.negative = a.sign;
          number_o.room     = scale(a) <= FIRST ? '0 : 9'(scale(a) - FIRST);
          // Whether a negative number rounds to the unsigned 0 is known in the second stage. A signed
          // integer is not rounded from 2^24 on.
          if (!is_signed)  fits = scale(a) < (a.sign ? BIAS[7:0] : LIMIT);
          else             fits = scale(a) < LIMIT - 8'd1 || (a.sign && scale(a) == LIMIT - 8'd1 && a.fraction == '0);
          if (fits) begin
            sum_o = SUM_W'(significand(a));
          end else begin
            number_o.ready   = 1'b1;
            number_o.invalid = 1'b1;
            if (a.sign && !is_nan(a)) sum_o = is_signed ? SUM_W'(32'h8000_0000) : '0;
            else                      sum_o = is_signed ? SUM_W'(32'h7fff_ffff) : SUM_W'(32'hffff_ffff);
          end
        end
        default: begin
          number_o.target   = TO_FLOAT;
          number_o.room     = 9'(LIMIT) - 9'd2;
          sum_o             = {is_signed && a_i[31], a_i, 44'b0};
        end
      endcase
    end
  end

endmodule

`default_nettype wire
