// SPDX-License-Identifier: MIT OR Apache-2.0
// GET_LOGS: reads the logs of a side x side block from a log plane (the paper's conclusion) and hands
// them to the log bank, line by line.
`default_nettype none

module plane_fetch #(
  parameter  int KERNEL    = 3,
  parameter  int MEM_WIDTH = 32,
  parameter  int ENTRY_W   = 6,
  parameter  int PITCH_W   = 30,
  localparam int SPAN      = KERNEL + 1,
  localparam int SIDE_W    = $clog2(KERNEL + 2)
) (
  input  wire logic                     clk_i,
  input  wire logic                     rst_ni,

  // start_i begins a fetch: the first request goes out in the next cycle. pitch_i and side_i stay
  // as they are from then on until done_o.
  input  wire logic                     start_i,
  input  wire logic [31:0]              addr_i,       // byte address of the plane
  input  wire logic [31:0]              index_i,      // of the block's first entry; may be negative
  input  wire logic [PITCH_W-1:0]       pitch_i,
  input  wire logic [SIDE_W-1:0]        side_i,       // 1 .. KERNEL + 1
  output wire logic                     done_o,       // the last line arrives in this cycle
  output wire logic                     error_o,      // with done_o: a read ended in a bus error

  // Memory port: as in window_fetch.
  output wire logic                     mem_req_o,
  input  wire logic                     mem_gnt_i,
  output wire logic [31:0]              mem_addr_o,
  input  wire logic                     mem_rvalid_i,
  input  wire logic                     mem_err_i,
  input  wire logic [MEM_WIDTH-1:0]     mem_rdata_i,

  // The part of a row that arrives in this cycle, the rest of it zeros.
  output wire logic                     row_valid_o,
  output wire logic [SIDE_W-1:0]        row_o,
  output wire logic                     row_first_o,  // it is the row's first part
  output wire logic [ENTRY_W*SPAN-1:0]  row_data_o
);

  localparam int OFFSET_W = $clog2(MEM_WIDTH);
  localparam int LINES    = (MEM_WIDTH - 1 + SPAN * ENTRY_W + MEM_WIDTH - 1) / MEM_WIDTH;
  localparam int LINE_W   = $clog2(LINES + 1);

  wire logic                arrival_active, arrival_last;
  wire logic [LINE_W-1:0]   arrival_line;
  wire logic [OFFSET_W-1:0] arrival_offset;

  plane_walker #(
    .KERNEL    (KERNEL),
    .MEM_WIDTH (MEM_WIDTH),
    .ENTRY_W   (ENTRY_W),
    .PITCH_W   (PITCH_W)
  ) u_request (
    .clk_i, .rst_ni, .start_i, .addr_i, .index_i, .pitch_i, .side_i,
    .step_i   (mem_gnt_i),
    .active_o (mem_req_o),
    .last_o   (),
    .addr_o   (mem_addr_o),
    .row_o    (),
    .line_o   (),
    .offset_o ()
  );

  plane_walker #(
    .KERNEL    (KERNEL),
    .MEM_WIDTH (MEM_WIDTH),
    .ENTRY_W   (ENTRY_W),
    .PITCH_W   (PITCH_W)
  ) u_arrival (
    .clk_i, .rst_ni, .start_i, .addr_i, .index_i, .pitch_i, .side_i,
    .step_i   (mem_rvalid_i),
    .active_o (arrival_active),
    .last_o   (arrival_last),
    .addr_o   (),
    .row_o    (row_o),
    .line_o   (arrival_line),
    .offset_o (arrival_offset)
  );

  wire logic arrives = mem_rvalid_i && arrival_active;

  assign done_o      = arrives && arrival_last;
  assign row_valid_o = arrives;
  assign row_first_o = arrival_line == '0;

  // The row's lines side by side, of which all but this one are zeros, from the row's first bit on.
  logic [MEM_WIDTH*LINES-1:0] lines;
  always_comb begin
    lines = '0;
    for (int line = 0; line < LINES; line++) begin
      if (arrival_line == LINE_W'(line)) lines[MEM_WIDTH*line +: MEM_WIDTH] = mem_rdata_i;
    end
    lines = lines >> arrival_offset;
  end
  assign row_data_o = lines[ENTRY_W*SPAN-1:0];
  wire logic unused_lines = ^lines[MEM_WIDTH*LINES-1:ENTRY_W*SPAN];

  logic error_q;
  assign error_o = done_o && (error_q || mem_err_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                   error_q <= 1'b0;
    else if (start_i)              error_q <= 1'b0;
    else if (arrives && mem_err_i) error_q <= 1'b1;
  end

`ifndef SYNTHESIS
  logic        waiting_q;
  logic [31:0] waiting_addr_q;

  always_ff @(posedge clk_i) begin
    waiting_q      <= rst_ni && mem_req_o && !mem_gnt_i;
    waiting_addr_q <= mem_addr_o;
    if (rst_ni) begin
      AddressHeldUntilGrant: assert (!waiting_q || (mem_req_o && mem_addr_o == waiting_addr_q))
        else $error("mem_addr_o or mem_req_o changed before the grant");
      NoRequestAtEnd: assert (!done_o || !mem_req_o)
        else $error("the fetch ends before its last request");
    end
  end
`endif

endmodule

`default_nettype wire
