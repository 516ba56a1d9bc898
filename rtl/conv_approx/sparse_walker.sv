// SPDX-License-Identifier: MIT OR Apache-2.0
// Walks the wanted words of a side x side block in memory, one beat of the memory port at a time: the
// walker of a unit with log planes.
//
// A beat brings every word of the block that lies in one row and in one aligned line of MEM_WIDTH
// bits, wanted or not. Beats without a wanted word are left out.
`default_nettype none

module sparse_walker #(
  parameter  int KERNEL    = 3,
  parameter  int MEM_WIDTH = 32,
  parameter  int OPERAND_W = 32,
  localparam int BYTE_W    = $clog2(OPERAND_W / 8),
  localparam int PITCH_W   = 32 - BYTE_W,
  localparam int WORDS     = MEM_WIDTH / OPERAND_W,
  localparam int OFFSET_W  = (WORDS == 1) ? 1 : $clog2(WORDS),
  localparam int SPAN      = KERNEL + 1,
  localparam int SIDE_W    = $clog2(KERNEL + 2)
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,

  // start_i puts the walker on the first beat, from the next cycle on; there is none if nothing is
  // wanted. The buffer has rows of SPAN words.
  input  wire logic                 start_i,
  input  wire logic [SPAN*SPAN-1:0] wanted_i,

  // These stay as they are from the cycle after start_i until the walk ends.
  input  wire logic [31:0]          addr_i,    // byte address of the first word of the block
  input  wire logic [PITCH_W-1:0]   pitch_i,   // words from one row to the next
  input  wire logic [SIDE_W-1:0]    side_i,

  // step_i leaves the present beat; it is ignored when there is none.
  input  wire logic                 step_i,
  output wire logic                 active_o,  // there is a present beat
  output wire logic                 last_o,    // it is the last one

  // The present beat.
  output wire logic [31:0]          addr_o,    // byte address of its first wanted word
  output      logic [SIDE_W-1:0]    row_o,
  output wire logic [OFFSET_W-1:0]  offset_o,  // place in its line of the first word of the row
  output      logic [SPAN-1:0]      brings_o   // the words of the row that it brings
);

  logic [SPAN*SPAN-1:0] left_q;

  assign active_o = left_q != '0;

  // The first row with a wanted word, and the first of these.
  logic [SPAN-1:0]   row_left;
  logic [SIDE_W-1:0] col;
  always_comb begin
    row_o    = '0;
    row_left = '0;
    col      = '0;
    for (int row = SPAN - 1; row >= 0; row--) begin
      if (left_q[SPAN*row +: SPAN] != '0) begin
        row_o    = SIDE_W'(row);
        row_left = left_q[SPAN*row +: SPAN];
      end
    end
    for (int word = SPAN - 1; word >= 0; word--) begin
      if (row_left[word]) col = SIDE_W'(word);
    end
  end

  wire logic [31:0] row_addr = addr_i + ((32'(pitch_i) * 32'(row_o)) << BYTE_W);
  assign addr_o = row_addr + (32'(col) << BYTE_W);

  // Lines are counted from the one that the row begins in.
  localparam int PLACE_W = OFFSET_W + SIDE_W + 1;
  if (WORDS == 1) begin : gen_word_port
    assign offset_o = '0;
  end else begin : gen_line_port
    assign offset_o = row_addr[BYTE_W +: OFFSET_W];
  end

  function automatic logic [PLACE_W-1:0] line_of(input logic [OFFSET_W-1:0] offset,
                                                 input logic [SIDE_W-1:0]   word);
    line_of = (PLACE_W'(offset) + PLACE_W'(word)) >> $clog2(WORDS);
  endfunction

  always_comb begin
    for (int word = 0; word < SPAN; word++) begin
      brings_o[word] = active_o && SIDE_W'(word) < side_i &&
                       line_of(offset_o, SIDE_W'(word)) == line_of(offset_o, col);
    end
  end

  logic [SPAN*SPAN-1:0] left_d;
  always_comb begin
    left_d = left_q;
    for (int row = 0; row < SPAN; row++) begin
      if (row_o == SIDE_W'(row)) left_d[SPAN*row +: SPAN] = left_q[SPAN*row +: SPAN] & ~brings_o;
    end
  end

  assign last_o = left_d == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      left_q <= '0;
    else if (start_i) left_q <= wanted_i;
    else if (step_i)  left_q <= left_d;
  end

endmodule

`default_nettype wire
