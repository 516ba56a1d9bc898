// SPDX-License-Identifier: MIT OR Apache-2.0
// GET_DATA: reads a side x side block of words, of OPERAND_W bits each, through the memory port
// into the data buffer.
//
// The buffer has rows of KERNEL + 1 words, whatever the side. Requests go out without waiting for
// answers, so a zero-wait memory delivers a beat a cycle. A unit with log planes may want some of the
// words alone, and others of the same block later.
`default_nettype none

module window_fetch #(
  parameter  int KERNEL    = 3,
  parameter  int MEM_WIDTH = 32,
  parameter  int OPERAND_W = 32,
  parameter  int PLANES    = 0,
  localparam int PITCH_W   = 32 - $clog2(OPERAND_W / 8),
  localparam int SPAN      = KERNEL + 1,
  localparam int SIDE_W    = $clog2(KERNEL + 2)
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,

  // start_i begins a fetch: the first request goes out in the next cycle. pitch_i and side_i stay
  // as they are from then on until done_o.
  input  wire logic                 start_i,
  input  wire logic [31:0]          addr_i,         // byte address, a multiple of OPERAND_W / 8
  input  wire logic                 open_i,         // with PLANES: addr_i is that of a new block, of
                                                    // which no word is held
  input  wire logic [SPAN*SPAN-1:0] wanted_i,       // with PLANES and start_i: the words to bring;
                                                    // not read without PLANES, which brings all
  input  wire logic [PITCH_W-1:0]   pitch_i,        // words from one row to the next
  input  wire logic [SIDE_W-1:0]    side_i,         // 1 .. KERNEL + 1
  output wire logic                 done_o,         // the last word arrives in this cycle
  output wire logic                 error_o,        // with done_o: a read ended in a bus error
  output wire logic [SIDE_W-1:0]    words_o,        // words that enter the buffer in this cycle
  output wire logic [SPAN*SPAN-1:0] held_o,         // with PLANES: the words of the block that are
                                                    // in the buffer; 0 without

  // Memory port, OBI: mem_req_o and mem_addr_o hold until mem_gnt_i; mem_rvalid_i comes at least
  // one cycle after the grant, once for each, in order. mem_gnt_i may be high without a request.
  output wire logic                 mem_req_o,
  input  wire logic                 mem_gnt_i,
  output wire logic [31:0]          mem_addr_o,     // a multiple of MEM_WIDTH / 8
  input  wire logic                 mem_rvalid_i,
  input  wire logic                 mem_err_i,      // with mem_rvalid_i
  input  wire logic [MEM_WIDTH-1:0] mem_rdata_i,

  output      logic [OPERAND_W*SPAN*SPAN-1:0] data_o // row by row, the first word lowest
);

  localparam int WORDS    = MEM_WIDTH / OPERAND_W;
  localparam int OFFSET_W = (WORDS == 1) ? 1 : $clog2(WORDS);
  localparam int INDEX_W  = $clog2(SPAN * SPAN);
  localparam logic [31:0] LINE_MASK = ~32'(MEM_WIDTH / 8 - 1);

  wire logic arrival_active, arrival_last;
  wire logic arrives = mem_rvalid_i && arrival_active;

  assign done_o = arrives && arrival_last;

  // One bad beat spoils the fetch; the others are still awaited, so that none is outstanding when
  // the command ends.
  logic error_q;
  assign error_o = done_o && (error_q || mem_err_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      error_q <= 1'b0;
    end else if (start_i) begin
      error_q <= 1'b0;
    end else if (arrives && mem_err_i) begin
      error_q <= 1'b1;
    end
  end

  logic [OPERAND_W-1:0] data_q [SPAN*SPAN];
  always_comb begin
    for (int word = 0; word < SPAN * SPAN; word++) begin
      data_o[OPERAND_W*word +: OPERAND_W] = data_q[word];
    end
  end

  if (PLANES == 0) begin : gen_block
    wire logic [31:0]         request_addr;
    wire logic [SIDE_W-1:0]   arrival_row, arrival_col, arrival_words;
    wire logic [OFFSET_W-1:0] arrival_offset;

    window_walker #(
      .KERNEL    (KERNEL),
      .MEM_WIDTH (MEM_WIDTH),
      .OPERAND_W (OPERAND_W)
    ) u_request (
      .clk_i, .rst_ni, .start_i, .addr_i, .pitch_i, .side_i,
      .step_i   (mem_gnt_i),
      .active_o (mem_req_o),
      .last_o   (),
      .addr_o   (request_addr),
      .row_o    (),
      .col_o    (),
      .offset_o (),
      .words_o  ()
    );

    window_walker #(
      .KERNEL    (KERNEL),
      .MEM_WIDTH (MEM_WIDTH),
      .OPERAND_W (OPERAND_W)
    ) u_arrival (
      .clk_i, .rst_ni, .start_i, .addr_i, .pitch_i, .side_i,
      .step_i   (mem_rvalid_i),
      .active_o (arrival_active),
      .last_o   (arrival_last),
      .addr_o   (),
      .row_o    (arrival_row),
      .col_o    (arrival_col),
      .offset_o (arrival_offset),
      .words_o  (arrival_words)
    );

    assign mem_addr_o = request_addr & LINE_MASK;
    assign words_o    = arrives ? arrival_words : '0;
    assign held_o     = '0;

    wire logic [INDEX_W-1:0] arrival_index =
        INDEX_W'(arrival_row) * INDEX_W'(SPAN) + INDEX_W'(arrival_col);

    if (WORDS == 1) begin : gen_word_port
      always_ff @(posedge clk_i) begin
        if (arrives) data_q[arrival_index] <= mem_rdata_i;
      end
      wire logic unused_offset = arrival_offset[0];
    end else begin : gen_line_port
      wire logic [MEM_WIDTH-1:0] line =
          mem_rdata_i >> {arrival_offset, $clog2(OPERAND_W)'(0)};
      always_ff @(posedge clk_i) begin
        // A row has no more words than SPAN.
        for (int word = 0; word < WORDS && word < SPAN; word++) begin
          if (arrives && word < 32'(arrival_words)) begin
            data_q[arrival_index + INDEX_W'(word)] <= line[OPERAND_W*word +: OPERAND_W];
          end
        end
      end
    end
    wire logic unused_wanted = ^{open_i, wanted_i};
  end else begin : gen_wanted_words
    wire logic [31:0]         request_addr;
    wire logic [SIDE_W-1:0]   arrival_row;
    wire logic [OFFSET_W-1:0] arrival_offset;
    wire logic [SPAN-1:0]     arrival_words;
    logic [31:0]              addr_q;

    always_ff @(posedge clk_i) begin
      if (open_i) addr_q <= addr_i;
    end

    sparse_walker #(
      .KERNEL    (KERNEL),
      .MEM_WIDTH (MEM_WIDTH),
      .OPERAND_W (OPERAND_W)
    ) u_request (
      .clk_i, .rst_ni, .start_i, .wanted_i, .addr_i (addr_q), .pitch_i, .side_i,
      .step_i   (mem_gnt_i),
      .active_o (mem_req_o),
      .last_o   (),
      .addr_o   (request_addr),
      .row_o    (),
      .offset_o (),
      .brings_o ()
    );

    sparse_walker #(
      .KERNEL    (KERNEL),
      .MEM_WIDTH (MEM_WIDTH),
      .OPERAND_W (OPERAND_W)
    ) u_arrival (
      .clk_i, .rst_ni, .start_i, .wanted_i, .addr_i (addr_q), .pitch_i, .side_i,
      .step_i   (mem_rvalid_i),
      .active_o (arrival_active),
      .last_o   (arrival_last),
      .addr_o   (),
      .row_o    (arrival_row),
      .offset_o (arrival_offset),
      .brings_o (arrival_words)
    );

    assign mem_addr_o = request_addr & LINE_MASK;
    assign words_o    = arrives ? SIDE_W'($countones(arrival_words)) : '0;

    // Turned so that word w of the row is at place w modulo WORDS.
    wire logic [MEM_WIDTH-1:0] line = MEM_WIDTH'({mem_rdata_i, mem_rdata_i} >>
                                                 {arrival_offset, $clog2(OPERAND_W)'(0)});

    // The words of the buffer that arrive in this cycle.
    logic [SPAN*SPAN-1:0] arriving;
    always_comb begin
      for (int row = 0; row < SPAN; row++) begin
        arriving[SPAN*row +: SPAN] = arrives && 32'(arrival_row) == row ? arrival_words : '0;
      end
    end

    logic [SPAN*SPAN-1:0] held_q;
    assign held_o = held_q;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)      held_q <= '0;
      else if (open_i)  held_q <= '0;
      else if (arrives) held_q <= held_q | arriving;
    end

    always_ff @(posedge clk_i) begin
      for (int word = 0; word < SPAN * SPAN; word++) begin
        if (arriving[word]) begin
          data_q[word] <= line[OPERAND_W*(word % SPAN % WORDS) +: OPERAND_W];
        end
      end
    end
  end

`ifndef SYNTHESIS
  logic        waiting_q;
  logic [31:0] waiting_addr_q;
  logic [31:0] outstanding_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      waiting_q     <= 1'b0;
      outstanding_q <= '0;
    end else begin
      waiting_q      <= mem_req_o && !mem_gnt_i;
      waiting_addr_q <= mem_addr_o;
      outstanding_q  <= outstanding_q + 32'(mem_req_o && mem_gnt_i) - 32'(mem_rvalid_i);

      AddressHeldUntilGrant: assert (!waiting_q || (mem_req_o && mem_addr_o == waiting_addr_q))
        else $error("mem_addr_o or mem_req_o changed before the grant");
      AnswersWereAskedFor: assert (!mem_rvalid_i || outstanding_q != 0)
        else $error("mem_rvalid_i without an outstanding read");
      NothingOutstandingAtEnd: assert (!done_o || (outstanding_q == 1 && !mem_req_o))
        else $error("the fetch ends with reads outstanding");
    end
  end
`endif

endmodule

`default_nettype wire
