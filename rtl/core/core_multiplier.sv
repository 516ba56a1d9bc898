// SPDX-License-Identifier: MIT OR Apache-2.0
// Multiplication: mul in one cycle; mulh, mulhsu and mulhu in four, from 17-bit products.
`default_nettype none

module core_multiplier (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic        mul_i,         // mul is in EX
  input  wire logic        mulh_i,        // mulh, mulhsu or mulhu is in EX
  input  wire logic        flush_i,       // and leaves it without a result
  input  wire logic        taken_i,       // and leaves it with its result
  input  wire logic [1:0]  funct3_i,      // 1 mulh, 2 mulhsu, 3 mulhu
  input  wire logic [31:0] a_i,
  input  wire logic [31:0] b_i,

  output wire logic        mulh_done_o,   // holds until taken_i
  output      logic [31:0] mul_o,
  output wire logic [31:0] mulh_o         // with mulh_done_o
);

  always_comb begin
    mul_o = '0;
    if (mul_i) mul_o = a_i * b_i;
  end

  // a = ah 2^16 + al and b alike, so a b = (ah bh 2^16 + ah bl + al bh) 2^16 + al bl. The steps
  // add al bl / 2^16, ah bl, al bh / 2^16 and ah bh, in this order.
  typedef enum logic [1:0] {LOW, CROSS_A, CROSS_B, HIGH} step_e;

  step_e       step_q;
  logic signed [33:0] sum_q;

  wire logic sign_a = a_i[31] && funct3_i != 2'd3;
  wire logic sign_b = b_i[31] && funct3_i == 2'd1;

  wire logic high_a = step_q == CROSS_A || step_q == HIGH;
  wire logic high_b = step_q == CROSS_B || step_q == HIGH;

  logic signed [16:0] factor_a, factor_b;
  logic signed [33:0] sum;

  always_comb begin
    factor_a = '0;
    factor_b = '0;
    sum      = '0;
    if (mulh_i) begin
      factor_a = high_a ? $signed({sign_a, a_i[31:16]}) : $signed({1'b0, a_i[15:0]});
      factor_b = high_b ? $signed({sign_b, b_i[31:16]}) : $signed({1'b0, b_i[15:0]});
      sum      = sum_q + 34'(factor_a) * 34'(factor_b);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      step_q <= LOW;
      sum_q  <= '0;
    end else if (mulh_i) begin
      if (flush_i || taken_i) begin
        step_q <= LOW;
        sum_q  <= '0;
      end else begin
        case (step_q)
          LOW: begin
            sum_q  <= sum >>> 16;
            step_q <= CROSS_A;
          end
          CROSS_A: begin
            sum_q  <= sum;
            step_q <= CROSS_B;
          end
          CROSS_B: begin
            sum_q  <= sum >>> 16;
            step_q <= HIGH;
          end
          default: ;   // until it is taken
        endcase
      end
    end
  end

  assign mulh_done_o = step_q == HIGH;
  assign mulh_o      = sum[31:0];

endmodule

`default_nettype wire
