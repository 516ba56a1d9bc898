// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_2, the issue, and STAGE_3: a few multipliers, used for kept products only.
//
// The kept products are issued MULTIPLIERS a cycle in the order of their numbers (output by
// output, row by row), so STAGE_2 takes ceil(kept / MULTIPLIERS) cycles: here a skipped product
// saves time as well as energy.
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

  input  wire logic                    issue_i,       // STAGE_2: the operands are valid; in its
                                                      // first cycle the outputs become zero
  output wire logic                    last_issue_o,  // with issue_i: STAGE_2 ends here

  input  wire logic [LANES-1:0]        keep_i,        // read in the first cycle of STAGE_2
  input  wire logic [OPERAND_W*PRODUCTS-1:0]  weight_i,
  input  wire logic [OPERAND_W*SPAN*SPAN-1:0] data_i, // the buffer, rows of SPAN words

  output wire logic [127:0]            output_o       // 4 sums of 32 bits, output 0 lowest
);

  import conv_approx_pkg::*;

  // Bits of a sum: as many as it can need, but 32, modulo which it is.
  localparam int FULL_W = 2 * OPERAND_W + $clog2(PRODUCTS);
  localparam int ACC_W  = FULL_W < 32 ? FULL_W : 32;

  function automatic logic [ACC_W-1:0] product(input logic signed [OPERAND_W-1:0] weight,
                                               input logic signed [OPERAND_W-1:0] activation);
    product = ACC_W'(weight) * ACC_W'(activation);
  endfunction

  logic [4*ACC_W-1:0] acc_q;
  for (genvar out = 0; out < 4; out++) begin : gen_output
    assign output_o[32*out +: 32] = 32'(signed'(acc_q[ACC_W*out +: ACC_W]));
  end

  // ---- Issue: each multiplier takes the lowest product that the ones before it leave ----------

  logic             first_q;  // the next issue is the first of its window
  logic [LANES-1:0] pending_q;
  logic [LANES-1:0] rest;     // what is pending after this cycle

  logic [MULTIPLIERS-1:0]    take;
  logic [OPERAND_W*MULTIPLIERS-1:0] weight, activation;
  logic [2*MULTIPLIERS-1:0]  target;  // the output that the product belongs to

  always_comb begin
    logic [LANES-1:0] pick;
    rest       = '0;
    pick       = '0;
    take       = '0;
    weight     = '0;
    activation = '0;
    target     = '0;
    if (issue_i) begin
      rest = first_q ? keep_i : pending_q;
      for (int m = 0; m < MULTIPLIERS; m++) begin
        pick    = rest & (~rest + LANES'(1));
        take[m] = pick != '0;
        rest    = rest & ~pick;
        for (int lane = 0; lane < LANES; lane++) begin
          if (pick[lane]) begin
            weight[OPERAND_W*m +: OPERAND_W]     = weight_i[OPERAND_W*(lane % PRODUCTS) +: OPERAND_W];
            activation[OPERAND_W*m +: OPERAND_W] = data_i[OPERAND_W*activation_word(KERNEL, lane) +: OPERAND_W];
            target[2*m +: 2]       = 2'(lane / PRODUCTS);
          end
        end
      end
    end
  end

  assign last_issue_o = rest == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      first_q   <= 1'b1;
      pending_q <= '0;
    end else if (issue_i) begin
      first_q   <= last_issue_o;
      pending_q <= rest;
    end
  end

  // ---- Multiply and accumulate, a cycle behind the issue --------------------------------------

  logic [MULTIPLIERS-1:0]    valid_q;
  logic [2*MULTIPLIERS-1:0]  target_q;
  logic [OPERAND_W*MULTIPLIERS-1:0] weight_q, activation_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else         valid_q <= take;
  end

  // An idle multiplier holds its operands.
  for (genvar m = 0; m < MULTIPLIERS; m++) begin : gen_multiplier
    always_ff @(posedge clk_i) begin
      if (take[m]) begin
        weight_q[OPERAND_W*m +: OPERAND_W]     <= weight[OPERAND_W*m +: OPERAND_W];
        activation_q[OPERAND_W*m +: OPERAND_W] <= activation[OPERAND_W*m +: OPERAND_W];
        target_q[2*m +: 2]       <= target[2*m +: 2];
      end
    end
  end

  // Blocking only on a local: the outputs are written whole.
  always_ff @(posedge clk_i) begin
    if (issue_i && first_q) begin
      acc_q <= '0;
    end else if (valid_q != '0) begin
      logic [4*ACC_W-1:0] sum;
      sum = acc_q;
      for (int m = 0; m < MULTIPLIERS; m++) begin
        for (int out = 0; out < 4; out++) begin
          if (valid_q[m] && target_q[2*m +: 2] == 2'(out)) begin
            sum[ACC_W*out +: ACC_W] = sum[ACC_W*out +: ACC_W] +
                product(weight_q[OPERAND_W*m +: OPERAND_W],
                        activation_q[OPERAND_W*m +: OPERAND_W]);
          end
        end
      end
      acc_q <= sum;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      PipelineEmptyAtClear: assert (!(issue_i && first_q) || valid_q == '0)
        else $error("a window starts while products of the last one are in flight");
    end
  end
`endif

endmodule

`default_nettype wire
