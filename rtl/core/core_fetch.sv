// SPDX-License-Identifier: MIT OR Apache-2.0
// IF: fetches words ahead of the program, cuts them into instructions and expands the compressed ones.
//
// Up to WORDS words are buffered. A word that arrives while the buffer is empty is used in that
// cycle. After a redirection the answers that are still to come are counted and thrown away.
`default_nettype none

module core_fetch #(
  parameter logic [31:0] BOOT_ADDR = 32'h8000_0000,
  parameter bit          FLOAT     = 0
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic        enable_i,         // stays high after it was; low: no requests

  // Redirection: nothing is delivered in its cycle, the instruction at target_i is the next one.
  // Its request goes out in the same cycle, unless an ungranted one is in the way.
  input  wire logic        redirect_i,
  input  wire logic [31:0] target_i,         // a multiple of 2

  // The next instruction: delivered in a cycle with valid_o and ready_i.
  output wire logic        valid_o,
  input  wire logic        ready_i,
  output wire logic [31:0] pc_o,
  output wire logic [31:0] raw_o,            // as it is in memory; bits 31:16 are 0 if compressed
  output wire logic        compressed_o,
  output wire logic [31:0] insn_o,           // expanded; with valid_o and ready_i
  output wire logic        illegal_o,        // with valid_o and ready_i: it cannot be expanded
  output wire logic        fault_o,          // reading it ended in a bus error
  output wire logic        fault_upper_o,    // the error is in the word of its second half only

  // Instruction port: see core.
  output wire logic        instr_req_o,
  input  wire logic        instr_gnt_i,
  output wire logic [31:0] instr_addr_o,
  input  wire logic        instr_rvalid_i,
  input  wire logic        instr_err_i,
  input  wire logic [31:0] instr_rdata_i
);

  localparam logic [2:0] WORDS = 3'd3;

  // ---- Requests ------------------------------------------------------------------------------

  logic        held_q;          // the request of the cycle before was not granted
  logic [29:0] held_addr_q;
  logic [29:0] next_addr_q;     // word of the next new request
  logic [1:0]  outstanding_q;   // granted, not answered
  logic [1:0]  discard_q;       // the next answers that belong to an abandoned path, those of
                                // the held request among them
  logic [1:0]  count_q;         // words in the buffer

  // Words in the buffer, and under way to it.
  wire logic [2:0] claimed =
      3'(count_q) + 3'(outstanding_q) + 3'(held_q) - 3'(discard_q);

  wire logic begin_request = enable_i && !held_q && outstanding_q < 2'd2 &&
                             (redirect_i || claimed < WORDS);
  wire logic [29:0] begin_addr = redirect_i ? target_i[31:2] : next_addr_q;

  assign instr_req_o  = held_q || begin_request;
  assign instr_addr_o = {held_q ? held_addr_q : begin_addr, 2'b00};

  wire logic granted = instr_req_o && instr_gnt_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_q        <= 1'b0;
      next_addr_q   <= BOOT_ADDR[31:2];
      outstanding_q <= '0;
      discard_q     <= '0;
    end else begin
      held_q        <= instr_req_o && !instr_gnt_i;
      outstanding_q <= outstanding_q + 2'(granted) - 2'(instr_rvalid_i);
      if (begin_request)   next_addr_q <= begin_addr + 30'd1;
      else if (redirect_i) next_addr_q <= target_i[31:2];
      if (redirect_i) discard_q <= outstanding_q - 2'(instr_rvalid_i) + 2'(held_q);
      else if (instr_rvalid_i && discard_q != '0) discard_q <= discard_q - 2'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (begin_request) held_addr_q <= begin_addr;
  end

  // ---- Buffer --------------------------------------------------------------------------------

  // {error, word}, the oldest in word0_q.
  logic [32:0] word0_q, word1_q, word2_q;

  wire logic        arrives = instr_rvalid_i && discard_q == '0;
  wire logic [32:0] arrival = {instr_err_i, instr_rdata_i};

  // The oldest two, counting the one that arrives.
  wire logic        has_first  = count_q != '0 || arrives;
  wire logic        has_second = count_q > 2'd1 || (count_q != '0 && arrives);
  wire logic [32:0] first      = count_q != '0 ? word0_q : arrival;
  wire logic        second_err = count_q > 2'd1 ? word1_q[32] : instr_err_i;
  wire logic [15:0] second_low = count_q > 2'd1 ? word1_q[15:0] : instr_rdata_i[15:0];

  wire logic pop, push;
  wire logic [1:0] count_popped = count_q - 2'(pop);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)         count_q <= '0;
    else if (redirect_i) count_q <= '0;
    else                 count_q <= count_popped + 2'(arrives);
  end

  always_ff @(posedge clk_i) begin
    if (pop) begin
      word0_q <= word1_q;
      word1_q <= word2_q;
    end
    if (push) begin
      case (count_popped)
        2'd0:    word0_q <= arrival;
        2'd1:    word1_q <= arrival;
        default: word2_q <= arrival;
      endcase
    end
  end

  // ---- Instructions --------------------------------------------------------------------------

  logic [31:0] pc_q;

  wire logic        upper = pc_q[1];     // it begins in the upper half of the first word
  wire logic [15:0] half  = upper ? first[31:16] : first[15:0];

  assign compressed_o = half[1:0] != 2'b11;

  wire logic spans = upper && !compressed_o && !first[32];

  assign valid_o       = has_first && (!spans || has_second) && !redirect_i;
  assign pc_o          = pc_q;
  assign raw_o         = {compressed_o ? 16'b0 : upper ? second_low : first[31:16], half};
  assign fault_o       = first[32] || (spans && second_err);
  assign fault_upper_o = !first[32];

  wire logic deliver = valid_o && ready_i;

  wire logic [31:0] expanded;

  core_expand #(
    .FLOAT (FLOAT)
  ) u_expand (
    .enable_i  (deliver && compressed_o),
    .insn_i    (half),
    .insn_o    (expanded),
    .illegal_o (illegal_o)
  );

  assign insn_o = compressed_o ? expanded : raw_o;

  assign pop  = deliver && (upper || !compressed_o);
  assign push = arrives && !(pop && count_q == '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)         pc_q <= BOOT_ADDR;
    else if (redirect_i) pc_q <= target_i;
    else if (deliver)    pc_q <= pc_q + (compressed_o ? 32'd2 : 32'd4);
  end

  // ---- Assertions ----------------------------------------------------------------------------

`ifndef SYNTHESIS
  logic [31:0] addr_q;

  always_ff @(posedge clk_i) begin
    addr_q <= instr_addr_o;
    if (rst_ni) begin
      RequestHeldUntilGrant: assert (!held_q || (instr_req_o && instr_addr_o == addr_q))
        else $error("instr_addr_o or instr_req_o changed before the grant");
      AnswersWereAskedFor: assert (!instr_rvalid_i || outstanding_q != '0)
        else $error("instr_rvalid_i without an outstanding read");
      BufferHasRoom: assert (claimed <= WORDS)
        else $error("more words are under way than the buffer holds");
      DiscardsAreOutstanding: assert (3'(discard_q) <= 3'(outstanding_q) + 3'(held_q))
        else $error("answers are thrown away that nobody asked for");
    end
  end
`endif

endmodule

`default_nettype wire
