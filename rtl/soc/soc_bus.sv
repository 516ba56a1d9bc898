// SPDX-License-Identifier: MIT OR Apache-2.0
// The data side: finds out who a request is for, and gives the answer of that one in the next
// cycle. Devices are word registers, and all of a word is written whatever the byte enables.
`default_nettype none

module soc_bus #(
  parameter  int RAM_BYTES = 1 << 20,
  localparam int ADDR_W    = $clog2(RAM_BYTES / 4)
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  // A request, granted in its cycle, and its answer in the next.
  input  wire logic        req_i,
  input  wire logic [31:0] addr_i,        // a multiple of 4
  input  wire logic        we_i,
  output wire logic        rvalid_o,
  output wire logic        err_o,         // nobody is there
  output wire logic [31:0] rdata_o,

  output wire logic        ram_req_o,
  output wire logic [ADDR_W-1:0] ram_word_o,
  input  wire logic [31:0] ram_rdata_i,   // in the cycle after the request

  // A write to a device in this cycle.
  output      logic        msip_write_o,
  output      logic        compare_write_o,
  output      logic        time_write_o,
  output      logic        external_write_o,
  output      logic        uart_write_o,
  output wire logic        high_o,        // bits 63:32 of mtimecmp or mtime

  // What devices hold.
  input  wire logic        msip_i,
  input  wire logic [63:0] compare_i,
  input  wire logic [63:0] time_i,
  input  wire logic        external_i
);

  import soc_pkg::*;

  localparam int RAM_W = $clog2(RAM_BYTES);

  wire logic ram = addr_i[31:RAM_W] == RAM_BASE[31:RAM_W];

  assign ram_req_o  = req_i && ram;
  assign ram_word_o = addr_i[RAM_W-1:2];
  assign high_o     = addr_i[2];

  logic        device_err;
  logic [31:0] device_rdata;
  always_comb begin
    msip_write_o     = 1'b0;
    compare_write_o  = 1'b0;
    time_write_o     = 1'b0;
    external_write_o = 1'b0;
    uart_write_o     = 1'b0;
    device_err       = 1'b0;
    device_rdata     = '0;
    if (req_i && !ram) begin
      case (addr_i)
        ADDR_MSIP: begin
          msip_write_o = we_i;
          device_rdata = {31'b0, msip_i};
        end
        ADDR_MTIMECMP, ADDR_MTIMECMP_HI: begin
          compare_write_o = we_i;
          device_rdata    = high_o ? compare_i[63:32] : compare_i[31:0];
        end
        ADDR_MTIME, ADDR_MTIME_HI: begin
          time_write_o = we_i;
          device_rdata = high_o ? time_i[63:32] : time_i[31:0];
        end
        ADDR_EXTERNAL: begin
          external_write_o = we_i;
          device_rdata     = {31'b0, external_i};
        end
        ADDR_UART: uart_write_o = we_i;
        default:   device_err = 1'b1;
      endcase
    end
  end

  logic        rvalid_q, ram_q, err_q;
  logic [31:0] rdata_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) rvalid_q <= 1'b0;
    else         rvalid_q <= req_i;
  end

  always_ff @(posedge clk_i) begin
    if (req_i) begin
      ram_q   <= ram;
      err_q   <= device_err;
      rdata_q <= device_rdata;
    end
  end

  assign rvalid_o = rvalid_q;
  assign err_o    = err_q;
  assign rdata_o  = ram_q ? ram_rdata_i : rdata_q;

endmodule

`default_nettype wire
