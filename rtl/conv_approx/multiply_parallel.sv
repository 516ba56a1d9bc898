// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_2, the issue, and STAGE_3: one multiplier for every product of the tile.
//
// All kept products are issued in one cycle. The multipliers of the skipped ones are gated: their
// operand registers hold, so that nothing in them toggles. This saves energy, not time.
//
// Lanes are numbered as conv_approx_pkg::activation_word says.
`default_nettype none

module multiply_parallel #(
  parameter  int KERNEL    = 3,
  parameter  int OPERAND_W = 32,
  localparam int PRODUCTS  = KERNEL * KERNEL,
  localparam int LANES     = 4 * PRODUCTS,
  localparam int SPAN      = KERNEL + 1
) (
  input  wire logic                    clk_i,
  input  wire logic                    rst_ni,

  input  wire logic                    issue_i,       // STAGE_2: the operands are valid; if none
                                                      // is kept, the outputs are zero
  output wire logic                    last_issue_o,  // with issue_i: STAGE_2 ends here
  input  wire logic                    accumulate_i,  // STAGE_3

  input  wire logic [LANES-1:0]        keep_i,
  input  wire logic [OPERAND_W*PRODUCTS-1:0]  weight_i,
  input  wire logic [OPERAND_W*SPAN*SPAN-1:0] data_i, // the buffer, rows of SPAN words

  output wire logic [127:0]            output_o       // 4 sums of 32 bits, output 0 lowest
);

  import conv_approx_pkg::*;

  // Bits of a product, and of a sum: as many as it can need, but 32, modulo which it is.
  localparam int PRODUCT_W = 2 * OPERAND_W < 32 ? 2 * OPERAND_W : 32;
  localparam int FULL_W    = 2 * OPERAND_W + $clog2(PRODUCTS);
  localparam int ACC_W     = FULL_W < 32 ? FULL_W : 32;

  logic [LANES-1:0]           keep_q;
  logic [OPERAND_W*LANES-1:0] weight_q, activation_q;

  assign last_issue_o = 1'b1;

  always_ff @(posedge clk_i) begin
    if (issue_i) keep_q <= keep_i;
  end

  for (genvar lane = 0; lane < LANES; lane++) begin : gen_lane
    always_ff @(posedge clk_i) begin
      if (issue_i && keep_i[lane]) begin
        weight_q[OPERAND_W*lane +: OPERAND_W] <=
            weight_i[OPERAND_W*(lane % PRODUCTS) +: OPERAND_W];
        activation_q[OPERAND_W*lane +: OPERAND_W] <=
            data_i[OPERAND_W*activation_word(KERNEL, lane) +: OPERAND_W];
      end
    end
  end

  logic signed [PRODUCT_W-1:0] product [LANES];

  multipliers #(
    .LANES     (LANES),
    .OPERAND_W (OPERAND_W)
  ) u_multipliers (
    .use_i        (keep_q & {LANES{accumulate_i}}),
    .weight_i     (weight_q),
    .activation_i (activation_q),
    .product_o    (product)
  );

  // A skipped product is 0: without branches synthesis makes one carry-save tree of each sum. Blocking
  // only on a local: the sums are written whole.
  logic               some_q;   // products are kept
  logic [4*ACC_W-1:0] sum_q;

  always_ff @(posedge clk_i) begin
    if (issue_i) some_q <= keep_i != '0;
    if (accumulate_i) begin
      logic [4*ACC_W-1:0] sum;
      sum = '0;
      for (int lane = 0; lane < LANES; lane++) begin
        sum[ACC_W*(lane / PRODUCTS) +: ACC_W] = sum[ACC_W*(lane / PRODUCTS) +: ACC_W] +
            ACC_W'(product[lane]);
      end
      sum_q <= sum;
    end
  end

  for (genvar out = 0; out < 4; out++) begin : gen_output
    assign output_o[32*out +: 32] =
        32'(signed'(sum_q[ACC_W*out +: ACC_W] & {ACC_W{some_q}}));
  end

`ifndef SYNTHESIS
  // The gating claim, stated from outside: one cycle after an issue, a lane whose product was not
  // kept has the operands that it had before.
  logic                       issued_q;
  logic [OPERAND_W*LANES-1:0] weight_before_q, activation_before_q;
  always_ff @(posedge clk_i) begin
    issued_q <= rst_ni && issue_i;
    if (issue_i) begin
      weight_before_q     <= weight_q;
      activation_before_q <= activation_q;
    end
    if (rst_ni && issued_q) begin
      for (int lane = 0; lane < LANES; lane++) begin
        SkippedLaneHolds: assert (keep_q[lane] ||
            (weight_q[OPERAND_W*lane +: OPERAND_W] ==
                 weight_before_q[OPERAND_W*lane +: OPERAND_W] &&
             activation_q[OPERAND_W*lane +: OPERAND_W] ==
                 activation_before_q[OPERAND_W*lane +: OPERAND_W]))
          else $error("the operands of skipped product %0d toggle", lane);
      end
    end
  end
`endif

endmodule

`default_nettype wire
