// SPDX-License-Identifier: MIT OR Apache-2.0
// A memory that waits: stands between a master and a memory that grants at once and answers in
// the next cycle, and delays the grants, and at random the answers.
//
// A request goes on to the memory in the cycle in which it is granted.
`default_nettype none

module soc_port_stall #(
  parameter int OUTSTANDING = 2             // answers that the master may wait for, 1 or 2
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic [3:0]  wait_states_i,   // each grant comes so many cycles late
  input  wire logic        grant_hold_i,    // no grant in this cycle
  input  wire logic        answer_hold_i,   // no answer in this cycle

  // The master's side, OBI.
  input  wire logic        req_i,
  output wire logic        gnt_o,           // without waiting it is high all the time
  output wire logic        rvalid_o,
  output wire logic        err_o,
  output wire logic [31:0] rdata_o,

  // The memory's side.
  output wire logic        mem_req_o,
  input  wire logic        mem_rvalid_i,
  input  wire logic        mem_err_i,
  input  wire logic [31:0] mem_rdata_i
);

  // ---- Grants --------------------------------------------------------------------------------

  logic [3:0] waited_q;                     // cycles that the request has waited

  assign gnt_o     = waited_q >= wait_states_i && !grant_hold_i;
  assign mem_req_o = req_i && gnt_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                                waited_q <= '0;
    else if (mem_req_o)                         waited_q <= '0;
    else if (req_i && waited_q < wait_states_i) waited_q <= waited_q + 4'd1;
  end

  // ---- Answers -------------------------------------------------------------------------------

  // Answers that are held back, the oldest in word0_q.
  logic [1:0]  count_q;
  logic        err0_q, err1_q;
  logic [31:0] word0_q, word1_q;

  wire logic some = count_q != '0;

  assign rvalid_o = (some || mem_rvalid_i) && !answer_hold_i;
  assign err_o    = some ? err0_q : mem_err_i;
  assign rdata_o  = some ? word0_q : mem_rdata_i;

  wire logic push = mem_rvalid_i && (some || answer_hold_i);
  wire logic pop  = some && !answer_hold_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)          count_q <= '0;
    else if (push || pop) count_q <= count_q + 2'(push) - 2'(pop);
  end

  always_ff @(posedge clk_i) begin
    if (pop) {err0_q, word0_q} <= {err1_q, word1_q};
    if (push) begin
      if (count_q == 2'(pop)) {err0_q, word0_q} <= {mem_err_i, mem_rdata_i};
      else                    {err1_q, word1_q} <= {mem_err_i, mem_rdata_i};
    end
  end

`ifndef SYNTHESIS
  logic [1:0] outstanding_q;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      outstanding_q <= '0;
    end else begin
      outstanding_q <= outstanding_q + 2'(mem_req_o) - 2'(rvalid_o);
      NotTooManyOutstanding: assert (32'(outstanding_q) + 32'(mem_req_o) - 32'(rvalid_o) <=
                                     OUTSTANDING)
        else $error("the master has more accesses under way than it may");
    end
  end
`endif

endmodule

`default_nettype wire
