// SPDX-License-Identifier: MIT OR Apache-2.0
// The timer of the RISC-V privileged architecture: mtime counts clock cycles.
`default_nettype none

module soc_timer (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic        compare_write_i,   // of mtimecmp
  input  wire logic        time_write_i,      // of mtime
  input  wire logic        high_i,            // of bits 63:32
  input  wire logic [31:0] wdata_i,

  output wire logic [63:0] compare_o,
  output wire logic [63:0] time_o,
  output wire logic        irq_o              // mtime has reached mtimecmp
);

  logic [63:0] compare_q, time_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      time_q    <= '0;
      compare_q <= '1;
    end else begin
      time_q <= time_q + 64'd1;
      if (time_write_i) begin
        if (high_i) time_q <= {wdata_i, time_q[31:0]};
        else        time_q <= {time_q[63:32], wdata_i};
      end
      if (compare_write_i) begin
        if (high_i) compare_q[63:32] <= wdata_i;
        else        compare_q[31:0]  <= wdata_i;
      end
    end
  end

  assign compare_o = compare_q;
  assign time_o    = time_q;
  assign irq_o     = time_q >= compare_q;

endmodule

`default_nettype wire
