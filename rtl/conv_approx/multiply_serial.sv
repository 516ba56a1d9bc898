// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_2, the issue, and STAGE_3: a few multipliers, used for kept products only.
//
// The first cycle of STAGE_2 decides. Then the kept products are issued MULTIPLIERS a cycle in the
// order of their numbers (output by output, row by row), so STAGE_2 takes 1 + ceil(kept /
// MULTIPLIERS) cycles: here a skipped product saves time as well as energy.
`default_nettype none

module multiply_serial #(
  parameter  int KERNEL      = 3,
  parameter  int OPERAND_W   = 32,
  parameter  int MULTIPLIERS = 2,
  localparam int PRODUCTS    = KERNEL * KERNEL,
  localparam int LANES       = 4 * PRODUCTS,
  localparam int SPAN        = KERNEL + 1
) (
  input  wire logic                    clk_i,
  input  wire logic                    rst_ni,

  input  wire logic                    decide_i,      // the first cycle of STAGE_2: the outputs
                                                      // become zero
  input  wire logic [LANES-1:0]        keep_i,        // with decide_i
  input  wire logic                    issue_i,       // the other cycles of STAGE_2: the operands
                                                      // are valid
  output wire logic                    last_issue_o,  // with issue_i: STAGE_2 ends here

  input  wire logic [OPERAND_W*PRODUCTS-1:0]  weight_i,
  input  wire logic [OPERAND_W*SPAN*SPAN-1:0] data_i, // the buffer, rows of SPAN words

  output wire logic [127:0]            output_o       // 4 sums of 32 bits, output 0 lowest
);

  import conv_approx_pkg::*;

  // Bits of a product, and of a sum: as many as it can need, but 32, modulo which it is.
  localparam int PRODUCT_W = 2 * OPERAND_W < 32 ? 2 * OPERAND_W : 32;
  localparam int FULL_W    = 2 * OPERAND_W + $clog2(PRODUCTS);
  localparam int ACC_W     = FULL_W < 32 ? FULL_W : 32;

  logic [4*ACC_W-1:0] acc_q;
  for (genvar out = 0; out < 4; out++) begin : gen_output
    assign output_o[32*out +: 32] = 32'(signed'(acc_q[ACC_W*out +: ACC_W]));
  end

  // ---- Issue: multiplier m takes the pending product that has m pending ones before it --------

  localparam int RANK_W = $clog2(MULTIPLIERS + 2);
  localparam logic [RANK_W-1:0] LATER = RANK_W'(MULTIPLIERS + 1);

  logic [LANES-1:0] pending_q;
  logic [LANES-1:0] rest;     // what is pending after this cycle

  logic [4*MULTIPLIERS-1:0]         target;   // one-hot: the output that the product belongs to
  logic [OPERAND_W*MULTIPLIERS-1:0] weight, activation;

  always_comb begin
    logic [RANK_W-1:0]    rank [LANES];   // pending ones up to this one, at most LATER
    logic [RANK_W:0]      sum;
    logic                 pick;
    logic [PRODUCTS-1:0]  of_weight;
    logic [SPAN*SPAN-1:0] of_word;
    rest       = '0;
    target     = '0;
    weight     = '0;
    activation = '0;
    sum        = '0;
    pick       = '0;
    of_weight  = '0;
    of_word    = '0;
    for (int lane = 0; lane < LANES; lane++) rank[lane] = '0;
    if (issue_i) begin
      // Sums over ever longer runs of lanes, each twice as long as the one before.
      for (int lane = 0; lane < LANES; lane++) rank[lane] = RANK_W'(pending_q[lane]);
      for (int run = 1; run < LANES; run = 2 * run) begin
        for (int lane = LANES - 1; lane >= 0; lane--) begin
          if ((lane / run) % 2 == 1) begin
            sum = {1'b0, rank[lane]} + {1'b0, rank[lane/run*run-1]};
            rank[lane] = sum > {1'b0, LATER} ? LATER : sum[RANK_W-1:0];
          end
        end
      end
      for (int lane = 0; lane < LANES; lane++) rest[lane] = pending_q[lane] && rank[lane] == LATER;
      for (int m = 0; m < MULTIPLIERS; m++) begin
        of_weight = '0;
        of_word   = '0;
        for (int lane = 0; lane < LANES; lane++) begin
          pick = pending_q[lane] && rank[lane] == RANK_W'(m + 1);
          of_weight[lane % PRODUCTS]             |= pick;
          of_word[activation_word(KERNEL, lane)] |= pick;
          target[4*m + lane/PRODUCTS]            |= pick;
        end
        for (int i = 0; i < PRODUCTS; i++) begin
          weight[OPERAND_W*m +: OPERAND_W] |=
              weight_i[OPERAND_W*i +: OPERAND_W] & {OPERAND_W{of_weight[i]}};
        end
        for (int word = 0; word < SPAN * SPAN; word++) begin
          activation[OPERAND_W*m +: OPERAND_W] |=
              data_i[OPERAND_W*word +: OPERAND_W] & {OPERAND_W{of_word[word]}};
        end
      end
    end
  end

  assign last_issue_o = issue_i && rest == '0;

  always_ff @(posedge clk_i) begin
    if (decide_i)     pending_q <= keep_i;
    else if (issue_i) pending_q <= rest;
  end

  // ---- Multiply and accumulate, a cycle behind the issue --------------------------------------

  logic [4*MULTIPLIERS-1:0]         target_q;   // zero: the multiplier has no product
  logic [OPERAND_W*MULTIPLIERS-1:0] weight_q, activation_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) target_q <= '0;
    else         target_q <= target;
  end

  // An idle multiplier holds its operands.
  for (genvar m = 0; m < MULTIPLIERS; m++) begin : gen_multiplier
    always_ff @(posedge clk_i) begin
      if (target[4*m +: 4] != '0) begin
        weight_q[OPERAND_W*m +: OPERAND_W]     <= weight[OPERAND_W*m +: OPERAND_W];
        activation_q[OPERAND_W*m +: OPERAND_W] <= activation[OPERAND_W*m +: OPERAND_W];
      end
    end
  end

  logic [MULTIPLIERS-1:0]      busy;
  logic signed [PRODUCT_W-1:0] product [MULTIPLIERS];
  always_comb begin
    for (int m = 0; m < MULTIPLIERS; m++) busy[m] = target_q[4*m +: 4] != '0;
  end

  multipliers #(
    .LANES     (MULTIPLIERS),
    .OPERAND_W (OPERAND_W)
  ) u_multipliers (
    .use_i        (busy),
    .weight_i     (weight_q),
    .activation_i (activation_q),
    .product_o    (product)
  );

  // Masks, not branches: synthesis makes one carry-save tree of each sum. Blocking only on locals:
  // the outputs are written whole.
  always_ff @(posedge clk_i) begin
    if (decide_i) begin
      acc_q <= '0;
    end else if (target_q != '0) begin
      logic [4*ACC_W-1:0] sum;
      logic [ACC_W-1:0]   term;
      sum = acc_q;
      for (int m = 0; m < MULTIPLIERS; m++) begin
        term = ACC_W'(product[m]);
        for (int out = 0; out < 4; out++) begin
          sum[ACC_W*out +: ACC_W] = sum[ACC_W*out +: ACC_W] + (term & {ACC_W{target_q[4*m + out]}});
        end
      end
      acc_q <= sum;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      PipelineEmptyAtClear: assert (!decide_i || target_q == '0)
        else $error("a window starts while products of the last one are in flight");
    end
  end
`endif

endmodule

`default_nettype wire
