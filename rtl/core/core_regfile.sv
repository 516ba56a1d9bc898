// SPDX-License-Identifier: MIT OR Apache-2.0
// The registers: combinational read ports, and one write port.
//
// A read does not see the write of its cycle; the pipeline forwards it.
`default_nettype none

module core_regfile #(
  parameter int READS = 2,
  parameter bit FLOAT = 0               // of the float registers, of which register 0 is one more
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic [4:0]  raddr_i [READS],
  output      logic [31:0] rdata_o [READS],

  input  wire logic        we_i,
  input  wire logic [4:0]  waddr_i,     // not x0
  input  wire logic [31:0] wdata_i
);

  logic [31:0] registers_q [32];

  always_comb begin
    for (int i = 0; i < READS; i++) rdata_o[i] = registers_q[raddr_i[i]];
  end

  // x0 keeps the 0 of the reset. The others have it so that a program that reads a register
  // before it writes it runs the same everywhere.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int i = 0; i < 32; i++) registers_q[i] <= '0;
    end else if (we_i) begin
      registers_q[waddr_i] <= wdata_i;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    ZeroIsNotWritten: assert (!rst_ni || !we_i || FLOAT || waddr_i != 5'd0)
      else $error("a write to x0");
  end
`endif

endmodule

`default_nettype wire
