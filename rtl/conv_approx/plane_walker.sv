// SPDX-License-Identifier: MIT OR Apache-2.0
// Walks the logs of a side x side block in a log plane, one beat of the memory port at a time.
//
// The plane has an entry of ENTRY_W bits for each word of its map, in the map's order and without
// gaps, so a row of the block begins at any bit. A beat is one aligned line of MEM_WIDTH bits.
`default_nettype none

module plane_walker #(
  parameter  int KERNEL    = 3,
  parameter  int MEM_WIDTH = 32,
  parameter  int ENTRY_W   = 6,
  parameter  int PITCH_W   = 30,
  localparam int SIDE_W    = $clog2(KERNEL + 2),
  localparam int ROW_BITS  = (KERNEL + 1) * ENTRY_W,
  localparam int OFFSET_W  = $clog2(MEM_WIDTH),
  localparam int LINES     = (MEM_WIDTH - 1 + ROW_BITS + MEM_WIDTH - 1) / MEM_WIDTH,
  localparam int LINE_W    = $clog2(LINES + 1)
) (
  input  wire logic                clk_i,
  input  wire logic                rst_ni,

  // start_i puts the walker on the first beat, from the next cycle on.
  input  wire logic                start_i,
  input  wire logic [31:0]         addr_i,    // byte address of the plane
  input  wire logic [31:0]         index_i,   // of the block's first entry; may be negative

  // These two stay as they are from the cycle after start_i until the walk ends.
  input  wire logic [PITCH_W-1:0]  pitch_i,   // entries from one row to the next; may be negative
  input  wire logic [SIDE_W-1:0]   side_i,

  // step_i leaves the present beat; it is ignored when there is none.
  input  wire logic                step_i,
  output      logic                active_o,  // there is a present beat
  output wire logic                last_o,    // it is the last one

  // The present beat.
  output wire logic [31:0]         addr_o,    // byte address of its line
  output      logic [SIDE_W-1:0]   row_o,
  output      logic [LINE_W-1:0]   line_o,    // lines from the one in which the row begins
  output wire logic [OFFSET_W-1:0] offset_o   // bit of that line at which the row begins
);

  // Addresses of bits.
  localparam int BIT_W = 35;

  logic [BIT_W-1:0] row_bit_q;

  wire logic [BIT_W-1:0] first_bit = {addr_i, 3'b0} + BIT_W'(signed'(index_i)) * BIT_W'(ENTRY_W);
  wire logic [BIT_W-1:0] row_step  = BIT_W'(signed'(pitch_i)) * BIT_W'(ENTRY_W);

  assign offset_o = row_bit_q[OFFSET_W-1:0];
  assign addr_o   = {row_bit_q[BIT_W-1:OFFSET_W], (OFFSET_W-3)'(0)} +
                    (32'(line_o) << (OFFSET_W - 3));

  // The row ends in this line.
  wire logic row_ends = 32'(offset_o) + 32'(side_i) * 32'(ENTRY_W) <=
                        (32'(line_o) + 32'd1) * 32'(MEM_WIDTH);

  assign last_o = row_ends && row_o == side_i - SIDE_W'(1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_o  <= 1'b0;
      row_bit_q <= '0;
      row_o     <= '0;
      line_o    <= '0;
    end else if (start_i) begin
      active_o  <= 1'b1;
      row_bit_q <= first_bit;
      row_o     <= '0;
      line_o    <= '0;
    end else if (active_o && step_i) begin
      active_o <= !last_o;
      if (row_ends) begin
        row_bit_q <= row_bit_q + row_step;
        row_o     <= row_o + SIDE_W'(1);
        line_o    <= '0;
      end else begin
        line_o <= line_o + LINE_W'(1);
      end
    end
  end

endmodule

`default_nettype wire
