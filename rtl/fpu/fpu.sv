// SPDX-License-Identifier: MIT OR Apache-2.0
// Floating-point unit of single precision: RISC-V's F extension, version 2.2, without loads and
// stores.
//
// An early operation (fpu_pkg::early) has its result in EX. A late one makes an exact sum in EX, which
// is rounded in WB: one can enter every cycle. Division and square root stay in EX until the sum is
// there. Subnormal operands and results take no further cycles.
//
// Handshake: an instruction is in EX while valid_i is set, and its operation and operands hold. It
// leaves with taken_i, which done_o allows, or with flush_i, which may come at any time. The result of a
// late one is there in the cycle after taken_i, and in no other one.
`default_nettype none

module fpu
  import fpu_pkg::*;
(
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic        valid_i,          // an operation is in EX
  input  wire op_e         op_i,
  input  wire logic [2:0]  rm_i,             // RNE to RMM
  input  wire logic [31:0] a_i,
  input  wire logic [31:0] b_i,
  input  wire logic [31:0] c_i,
  input  wire logic        flush_i,          // it leaves EX without a result
  input  wire logic        taken_i,          // it leaves EX and goes on to WB
  output      logic        done_o,           // it may be taken

  output wire logic [31:0] early_result_o,   // of an early operation in EX, else 0
  output wire logic [4:0]  early_flags_o,
  output wire logic [31:0] result_o,         // of the late operation that was taken a cycle ago
  output wire logic [4:0]  flags_o
);

  // ---- EX ------------------------------------------------------------------------------------

  logic is_early, is_fma, is_convert, is_divide;

  always_comb begin
    is_early   = 1'b0;
    is_fma     = 1'b0;
    is_convert = 1'b0;
    is_divide  = 1'b0;
    if (valid_i) begin
      is_early  = early(op_i);
      is_divide = iterates(op_i);
      case (op_i)
        FPU_ADD, FPU_SUB, FPU_MUL, FPU_MADD, FPU_MSUB, FPU_NMSUB, FPU_NMADD: is_fma = 1'b1;
        FPU_CVT_W_S, FPU_CVT_WU_S, FPU_CVT_S_W, FPU_CVT_S_WU: is_convert = 1'b1;
        default: ;
      endcase
    end
  end

  fpu_early u_early (
    .valid_i  (is_early),
    .op_i,
    .a_i,
    .b_i,
    .result_o (early_result_o),
    .flags_o  (early_flags_o)
  );

  unrounded_t number_fma, number_convert, number_divide, number_q;
  logic signed [SUM_W-1:0] sum_fma, sum_convert, sum_divide, sum_q;

  fpu_fma u_fma (
    .valid_i  (is_fma),
    .op_i,
    .a_i,
    .b_i,
    .c_i,
    .number_o (number_fma),
    .sum_o    (sum_fma)
  );

  fpu_convert u_convert (
    .valid_i  (is_convert),
    .op_i,
    .a_i,
    .number_o (number_convert),
    .sum_o    (sum_convert)
  );

  logic divide_done;

  fpu_divide u_divide (
    .clk_i,
    .rst_ni,
    .valid_i  (is_divide),
    .root_i   (op_i == FPU_SQRT),
    .flush_i,
    .taken_i,
    .a_i,
    .b_i,
    .done_o   (divide_done),
    .number_o (number_divide),
    .sum_o    (sum_divide)
  );

  assign done_o = !is_divide || divide_done;

  // ---- WB ------------------------------------------------------------------------------------

  logic       late_q;   // there is something to round
  logic [2:0] rm_q;

  wire logic take = taken_i && (is_fma || is_convert || is_divide);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) late_q <= 1'b0;
    else         late_q <= take;
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      number_q <= number_fma | number_convert | number_divide;
      sum_q    <= sum_fma | sum_convert | sum_divide;
      rm_q     <= rm_i;
    end
  end

  fpu_round u_round (
    .valid_i  (late_q),
    .number_i (number_q),
    .sum_i    (sum_q),
    .rm_i     (rm_q),
    .result_o,
    .flags_o
  );

`ifndef SYNTHESIS
  logic        held_q;      // an operation that stays in EX
  op_e         op_q;
  logic [31:0] a_q, b_q, c_q;

  always_ff @(posedge clk_i) begin
    held_q <= rst_ni && valid_i && !taken_i && !flush_i;
    if (valid_i) begin
      op_q <= op_i;
      a_q  <= a_i;
      b_q  <= b_i;
      c_q  <= c_i;
    end
    if (rst_ni) begin
      TakenWhenDone: assert (!taken_i || (valid_i && done_o))
        else $error("taken_i without an operation that may be taken");
      TakenOrFlushed: assert (!taken_i || !flush_i)
        else $error("an operation is taken and flushed");
      ModeIsNotReserved: assert (!take || rm_i <= RMM)
        else $error("%0d is no rounding mode", rm_i);
      if (held_q) begin
        OperationHolds: assert (valid_i && op_i == op_q && a_i == a_q && b_i == b_q && c_i == c_q)
          else $error("the operation in EX changes before it is taken or flushed");
      end
      // What fpu_round takes for granted.
      if (late_q && !number_q.ready) begin
        IntegerIsMagnitude: assert (number_q.target == TO_FLOAT || sum_q >= 0)
          else $error("the sum of a conversion to an integer is negative");
        NegativeSumIsNotOne: assert (sum_q != -SUM_W'(1))
          else $error("a negative sum has a magnitude of 1");
        StickySumIsPositive: assert (!number_q.sticky || sum_q >= 0)
          else $error("a part of the addend is behind a sum that it decides");
      end
    end
  end
`endif

endmodule

`default_nettype wire
