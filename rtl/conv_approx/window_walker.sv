// SPDX-License-Identifier: MIT OR Apache-2.0
// Walks a side x side block of words in memory, one beat of the memory port at a time. A word has
// OPERAND_W bits and lies at a multiple of its bytes.
//
// A beat is the part of one row that lies in one aligned line of MEM_WIDTH bits. The unit has two
// walkers: one points at the next beat to request, one at the next beat to arrive.
`default_nettype none

module window_walker #(
  parameter  int KERNEL    = 3,
  parameter  int MEM_WIDTH = 32,
  parameter  int OPERAND_W = 32,
  localparam int BYTE_W    = $clog2(OPERAND_W / 8),  // bits of a byte's place in its word
  localparam int PITCH_W   = 32 - BYTE_W,
  localparam int WORDS     = MEM_WIDTH / OPERAND_W,
  localparam int OFFSET_W  = (WORDS == 1) ? 1 : $clog2(WORDS),
  localparam int SIDE_W    = $clog2(KERNEL + 2)
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,

  // start_i puts the walker on the first beat, from the next cycle on.
  input  wire logic                start_i,
  input  wire logic [31:0]         addr_i,    // byte address of the first word

  // These two stay as they are from the cycle after start_i until the walk ends.
  input  wire logic [PITCH_W-1:0]  pitch_i,   // words from one row to the next
  input  wire logic [SIDE_W-1:0]   side_i,    // rows, and words a row

  // step_i leaves the present beat; it is ignored when there is none.
  input  wire logic                step_i,
  output      logic                active_o,  // there is a present beat
  output wire logic                last_o,    // it is the last one

  // The present beat.
  output      logic [31:0]         addr_o,    // byte address of its first wanted word
  output      logic [SIDE_W-1:0]   row_o,
  output      logic [SIDE_W-1:0]   col_o,     // column of its first wanted word
  output wire logic [OFFSET_W-1:0] offset_o,  // place of that word in the line
  output wire logic [SIDE_W-1:0]   words_o    // wanted words in this beat
);

  logic [31:0] row_addr_q;

  wire logic [31:0]       next_row_addr = row_addr_q + (32'(pitch_i) << BYTE_W);
  wire logic [SIDE_W-1:0] left = side_i - col_o;
  wire logic              row_ends = words_o == left;

  assign last_o = row_ends && row_o == side_i - SIDE_W'(1);

  if (WORDS == 1) begin : gen_word_port
    assign offset_o = '0;
    assign words_o  = SIDE_W'(1);
  end else begin : gen_line_port
    wire logic [OFFSET_W:0] room = (OFFSET_W + 1)'(WORDS) - {1'b0, offset_o};
    assign offset_o = addr_o[BYTE_W +: OFFSET_W];
    assign words_o  = (32'(left) < 32'(room)) ? left : SIDE_W'(room);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_o   <= 1'b0;
      addr_o     <= '0;
      row_addr_q <= '0;
      row_o      <= '0;
      col_o      <= '0;
    end else if (start_i) begin
      active_o   <= 1'b1;
      addr_o     <= addr_i;
      row_addr_q <= addr_i;
      row_o      <= '0;
      col_o      <= '0;
    end else if (active_o && step_i) begin
      active_o <= !last_o;
      if (row_ends) begin
        addr_o     <= next_row_addr;
        row_addr_q <= next_row_addr;
        row_o      <= row_o + SIDE_W'(1);
        col_o      <= '0;
      end else begin
        addr_o <= addr_o + (32'(words_o) << BYTE_W);
        col_o  <= col_o + words_o;
      end
    end
  end

endmodule

`default_nettype wire
