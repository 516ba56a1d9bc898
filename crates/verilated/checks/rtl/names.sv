// SPDX-License-Identifier: MIT OR Apache-2.0
// Ports with names that mean something in Rust or C++, or that ask for the same accessor.

`default_nettype none

module names (
  input  wire logic       CLK,
  input  wire logic       RST_N,
  input  wire logic [7:0] D,
  output      logic [7:0] Q,
  // Their constants, readers and setters meet.
  input  wire logic [7:0] a,
  input  wire logic [7:0] A,
  input  wire logic [7:0] irq,
  output wire logic [7:0] set_irq,
  input  wire logic [7:0] ports,
  // Keywords and prelude types of Rust, keywords of C++.
  input  wire logic [7:0] self,
  input  wire logic [7:0] Self,
  input  wire logic [7:0] match,
  input  wire logic [7:0] Option,
  input  wire logic [7:0] u8,
  input  wire logic [7:0] delete,
  input  wire logic [7:0] template,
  input  wire logic [7:0] int8_t,
  output wire logic [7:0] namespace
);

  assign set_irq   = irq ^ 8'hff;
  assign namespace = a + A + ports + self + Self + match + Option + u8 + delete + template + int8_t;

  always_ff @(posedge CLK) begin
    if (!RST_N) Q <= '0;
    else Q <= D;
  end

endmodule

`default_nettype wire
