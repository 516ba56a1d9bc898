// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_2, the issue, and STAGE_3 of floats: a few lanes of fused multiply-add, used for kept products
// only.
//
// The result depends on the order of the products, which is that of their numbers for each output:
// acc = w x + acc, rounded each time, from +0 on. A lane serves outputs of its own and has the two
// stages of the FPU: a product that is issued in cycle t is multiplied and added to its accumulator in
// t + 1 and rounded in t + 2, at the end of which the accumulator has it. So the next product of the
// same output can be issued in t + 2, and one of another output of the lane in between. A lane takes the
// first output that has a product pending and was not served in the cycle before.
`default_nettype none

module multiply_float
  import fpu_pkg::*;
#(
  parameter  int KERNEL      = 3,
  parameter  int OPERAND_W   = 32,   // 32, or 16: the upper half of a float with a lower one of zeros
  parameter  int MULTIPLIERS = 2,    // lanes, each of 4 / MULTIPLIERS outputs: 1, 2, 4
  localparam int PRODUCTS    = KERNEL * KERNEL,
  localparam int LANES       = 4 * PRODUCTS,
  localparam int SPAN        = KERNEL + 1
) (
  input  wire logic                    clk_i,
  input  wire logic                    rst_ni,

  input  wire logic                    decide_i,      // the decision in STAGE_2: the outputs become
                                                      // zero
  input  wire logic [LANES-1:0]        keep_i,        // with decide_i
  input  wire logic                    issue_i,       // STAGE_2 behind it: the operands are valid
  output wire logic                    last_issue_o,  // with issue_i: STAGE_2 ends here
  output wire logic                    last_sum_o,    // in STAGE_3: it ends here

  input  wire logic [OPERAND_W*PRODUCTS-1:0]  weight_i,
  input  wire logic [OPERAND_W*SPAN*SPAN-1:0] data_i, // the buffer, rows of SPAN words

  output wire logic [127:0]            output_o       // 4 sums, output 0 lowest
);

  import conv_approx_pkg::*;

  localparam int OUTPUTS = 4 / MULTIPLIERS;   // of a lane

  // ---- Issue: the first pending product of one output of each lane ----------------------------

  logic [LANES-1:0] pending_q, rest;         // rest: what is pending after this cycle
  logic [3:0]       issued, issued_q;        // outputs of which a product is issued, and was
  logic [OPERAND_W*MULTIPLIERS-1:0] weight, activation;

  always_comb begin
    logic                 taken;             // the lane has an output
    logic [PRODUCTS-1:0]  pending, first;    // of an output
    logic [PRODUCTS-1:0]  of_weight;
    logic [SPAN*SPAN-1:0] of_word;
    rest       = pending_q;
    issued     = '0;
    weight     = '0;
    activation = '0;
    taken      = 1'b0;
    pending    = '0;
    first      = '0;
    of_weight  = '0;
    of_word    = '0;
    if (issue_i) begin
      for (int m = 0; m < MULTIPLIERS; m++) begin
        taken     = 1'b0;
        of_weight = '0;
        of_word   = '0;
        for (int out = OUTPUTS*m; out < OUTPUTS*(m + 1); out++) begin
          pending = pending_q[PRODUCTS*out +: PRODUCTS];
          first   = pending & (~pending + PRODUCTS'(1));
          if (pending != '0 && !issued_q[out] && !taken) begin
            taken       = 1'b1;
            issued[out] = 1'b1;
            rest[PRODUCTS*out +: PRODUCTS] = pending & ~first;
            of_weight   = of_weight | first;
            for (int i = 0; i < PRODUCTS; i++) begin
              of_word[activation_word(KERNEL, PRODUCTS*out + i)] |= first[i];
            end
          end
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

  // An operand as a float of 32 bits, whose lower half bfloat16 leaves out.
  function automatic logic [31:0] widened(input logic [OPERAND_W-1:0] word);
    widened = 32'(word) << (32 - OPERAND_W);
  endfunction

  // ---- The lanes ------------------------------------------------------------------------------

  logic [3:0] rounded_q;   // outputs whose product is rounded in this cycle

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      issued_q  <= '0;
      rounded_q <= '0;
    end else begin
      issued_q  <= issued;
      rounded_q <= issued_q;
    end
  end

  // The last product is rounded when there is none behind it.
  assign last_sum_o = issued_q == '0;

  logic [31:0] acc_q [4];
  for (genvar out = 0; out < 4; out++) begin : gen_output
    assign output_o[32*out +: 32] = acc_q[out];
  end

  for (genvar m = 0; m < MULTIPLIERS; m++) begin : gen_lane
    wire logic issues = issued[OUTPUTS*m +: OUTPUTS] != '0;
    wire logic adds   = issued_q[OUTPUTS*m +: OUTPUTS] != '0;
    wire logic rounds = rounded_q[OUTPUTS*m +: OUTPUTS] != '0;

    // An idle lane holds its operands, and the output that it serves.
    logic [OPERAND_W-1:0] weight_q, activation_q;
    logic [OUTPUTS-1:0]   serves_q;

    always_ff @(posedge clk_i) begin
      if (issues) begin
        weight_q     <= weight[OPERAND_W*m +: OPERAND_W];
        activation_q <= activation[OPERAND_W*m +: OPERAND_W];
        serves_q     <= issued[OUTPUTS*m +: OUTPUTS];
      end
    end

    logic [31:0] addend;

    always_comb begin
      addend = '0;
      for (int i = 0; i < OUTPUTS; i++) begin
        addend |= acc_q[OUTPUTS*m + i] & {32{OUTPUTS == 1 || serves_q[i]}};
      end
    end

    unrounded_t              number, number_q;
    logic signed [SUM_W-1:0] sum, sum_q;
    wire logic [31:0]        result;
    wire logic [4:0]         unused_flags;

    fpu_fma u_fma (
      .valid_i  (adds),
      .op_i     (FPU_MADD),
      .a_i      (widened(weight_q)),
      .b_i      (widened(activation_q)),
      .c_i      (addend),
      .number_o (number),
      .sum_o    (sum)
    );

    always_ff @(posedge clk_i) begin
      if (adds) begin
        number_q <= number;
        sum_q    <= sum;
      end
    end

    fpu_round u_round (
      .valid_i  (rounds),
      .number_i (number_q),
      .sum_i    (sum_q),
      .rm_i     (RNE),
      .result_o (result),
      .flags_o  (unused_flags)
    );

    for (genvar out = OUTPUTS*m; out < OUTPUTS*(m + 1); out++) begin : gen_acc
      always_ff @(posedge clk_i) begin
        if (decide_i)            acc_q[out] <= '0;
        else if (rounded_q[out]) acc_q[out] <= result;
      end
    end
  end

`ifndef SYNTHESIS
  // The gating claim, stated from outside: a lane without a product has the operands that it had before.
  logic                             before_q;
  logic [OPERAND_W*MULTIPLIERS-1:0] weight_now, activation_now, weight_before_q, activation_before_q;

  for (genvar m = 0; m < MULTIPLIERS; m++) begin : gen_now
    assign weight_now[OPERAND_W*m +: OPERAND_W]     = gen_lane[m].weight_q;
    assign activation_now[OPERAND_W*m +: OPERAND_W] = gen_lane[m].activation_q;
  end

  always_ff @(posedge clk_i) begin
    before_q            <= rst_ni;
    weight_before_q     <= weight_now;
    activation_before_q <= activation_now;
    if (rst_ni) begin
      PipelineEmptyAtClear: assert (!decide_i || (issued_q | rounded_q) == '0)
        else $error("a window starts while products of the last one are in flight");
      SumIsThereForTheNext: assert ((issued_q & rounded_q) == '0)
        else $error("a product meets its output before the one before it is added");
      for (int m = 0; m < MULTIPLIERS; m++) begin
        LaneHasOneProduct: assert ($onehot0(issued_q[OUTPUTS*m +: OUTPUTS]))
          else $error("lane %0d has two products", m);
        IdleLaneHolds: assert (!before_q || issued_q[OUTPUTS*m +: OUTPUTS] != '0 ||
            (weight_now[OPERAND_W*m +: OPERAND_W] == weight_before_q[OPERAND_W*m +: OPERAND_W] &&
             activation_now[OPERAND_W*m +: OPERAND_W] ==
                 activation_before_q[OPERAND_W*m +: OPERAND_W]))
          else $error("the operands of lane %0d toggle without a product", m);
      end
    end
  end
`endif

endmodule

`default_nettype wire
