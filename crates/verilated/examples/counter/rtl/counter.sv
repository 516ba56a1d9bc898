// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts the cycles in which it is enabled.

`default_nettype none

module counter #(
  parameter int unsigned Width = 8
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             en_i,
  input  logic [Width-1:0] limit_i,
  output logic [Width-1:0] count_o,
  output logic             full_o
);

  logic [Width-1:0] count_d;
  logic [Width-1:0] count_q;

  assign count_d = en_i ? count_q + 1'b1 : count_q;
  assign count_o = count_q;
  assign full_o  = count_q == limit_i;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      count_q <= '0;
    end else begin
      count_q <= count_d;
    end
  end

  // Nobody may go on counting once the limit has been reached.
  NoOverrun: assert property (@(posedge clk_i) disable iff (rst_ni !== 1'b1)
      full_o |-> !en_i)
    else $error("enabled at the limit of %0d", limit_i);

endmodule

`default_nettype wire
