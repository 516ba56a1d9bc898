// SPDX-License-Identifier: MIT OR Apache-2.0
// A ring oscillator while it is enabled.

`default_nettype none

module oscillator (
  input  logic en_i,
  output logic out_o
);

  logic a;
  logic b;
  assign a     = en_i & ~b;
  assign b     = a;
  assign out_o = b;

endmodule

`default_nettype wire
