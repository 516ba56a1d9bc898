// SPDX-License-Identifier: MIT OR Apache-2.0
// The memory map.
`default_nettype none

package soc_pkg;

  localparam logic [31:0] RAM_BASE = 32'h8000_0000;

  // Device registers, words.
  localparam logic [31:0] ADDR_MSIP        = 32'h0200_0000;   // bit 0: software interrupt
  localparam logic [31:0] ADDR_MTIMECMP    = 32'h0200_4000;   // 64 bits
  localparam logic [31:0] ADDR_MTIMECMP_HI = 32'h0200_4004;
  localparam logic [31:0] ADDR_MTIME       = 32'h0200_bff8;   // 64 bits
  localparam logic [31:0] ADDR_MTIME_HI    = 32'h0200_bffc;
  localparam logic [31:0] ADDR_EXTERNAL    = 32'h0c00_0000;   // bit 0: external interrupt
  localparam logic [31:0] ADDR_UART        = 32'h1000_0000;   // bits 7:0: a byte to send

endpackage

`default_nettype wire
