// SPDX-License-Identifier: MIT OR Apache-2.0
// The integer registers: two read ports, combinational, and one write port.
//
// A read does not see the write of its cycle; the pipeline forwards it.
`default_nettype none

module core_regfile (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic [4:0]  raddr_a_i,
  output wire logic [31:0] rdata_a_o,
  input  wire logic [4:0]  raddr_b_i,
  output wire logic [31:0] rdata_b_o,

  input  wire logic        we_i,
  input  wire logic [4:0]  waddr_i,     // not 0
  input  wire logic [31:0] wdata_i
);

  logic [31:0] registers_q [32];

  assign rdata_a_o = registers_q[raddr_a_i];
  assign rdata_b_o = registers_q[raddr_b_i];

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
    ZeroIsNotWritten: assert (!rst_ni || !we_i || waddr_i != 5'd0)
      else $error("a write to x0");
  end
`endif

endmodule

`default_nettype wire
