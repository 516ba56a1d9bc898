// SPDX-License-Identifier: MIT OR Apache-2.0
// A 3x3 convolution with truncated multipliers: the TRUNCATE lowest bits of each operand are left out
// of the product. One window a cycle, its sum one cycle later.
`default_nettype none

module truncated_conv #(
  parameter int TRUNCATE = 2
) (
  input  wire logic               clk_i,
  input  wire logic               rst_ni,
  input  wire logic               valid_i,
  input  wire logic [8:0][7:0]    window_i,  // unsigned, row by row
  input  wire logic [8:0][7:0]    kernel_i,  // signed, row by row
  output      logic               valid_o,
  output      logic signed [31:0] sum_o
);

  logic signed [31:0] sum;
  always_comb begin
    sum = '0;
    for (int i = 0; i < 9; i++) begin
      sum += 32'($signed({1'b0, window_i[i][7:TRUNCATE]}) * $signed(kernel_i[i][7:TRUNCATE]))
             <<< (2 * TRUNCATE);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_o <= 1'b0;
      sum_o   <= '0;
    end else begin
      valid_o <= valid_i;
      if (valid_i) sum_o <= sum;
    end
  end

endmodule

`default_nettype wire
