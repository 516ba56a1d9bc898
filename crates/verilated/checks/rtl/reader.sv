// SPDX-License-Identifier: MIT OR Apache-2.0
// Reads Count beats of a memory, one after the other, and adds their words; faulty ones are counted.
module reader #(
  parameter int Words = 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic [31:0]         first_i,
  input  logic [7:0]          count_i,
  output logic                req_o,
  output logic [31:0]         addr_o,
  input  logic                valid_i,
  input  logic                fault_i,
  input  logic [32*Words-1:0] data_i,
  output logic [31:0]         sum_o,
  output logic [7:0]          faults_o,
  output logic                done_o
);
  logic [7:0] asked_q, answered_q;
  logic [31:0] words;

  assign req_o  = rst_ni && asked_q != count_i;
  assign addr_o = first_i + 32'(4 * Words) * 32'(asked_q);
  assign done_o = answered_q == count_i;

  always_comb begin
    words = '0;
    for (int i = 0; i < Words; i++) words += data_i[32*i+:32];
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      {asked_q, answered_q, sum_o, faults_o} <= '0;
    end else begin
      if (req_o) asked_q <= asked_q + 8'd1;
      if (valid_i) begin
        answered_q <= answered_q + 8'd1;
        if (fault_i) faults_o <= faults_o + 8'd1;
        else sum_o <= sum_o + words;
      end
    end
  end
endmodule
