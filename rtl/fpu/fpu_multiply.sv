// SPDX-License-Identifier: MIT OR Apache-2.0
// The product of two significands as two numbers whose sum it is: whoever adds something to it lets one
// carry run through all bits, not one for each addition. Without registers.
`default_nettype none

module fpu_multiply (
  input  wire logic        valid_i,    // the outputs are 0 without
  input  wire logic [23:0] x_i,
  input  wire logic [23:0] y_i,

  output      logic [47:0] odd_o,
  output      logic [47:0] carry_o
);

  // The multiples of x. Each level makes two numbers of every three, and keeps their sum.
  localparam int LEVELS = 7;
  localparam int ROWS [LEVELS+1] = '{24, 16, 11, 8, 6, 4, 3, 2};

  function automatic void reduce(input logic [23:0] factor, input logic [23:0] other,
                                 output logic [47:0] sums, output logic [47:0] carries);
    logic [47:0] row [ROWS[0]];
    logic [47:0] a, b, c;
    for (int i = 0; i < ROWS[0]; i++) row[i] = other[i] ? 48'(factor) << i : '0;
    for (int level = 0; level < LEVELS; level++) begin
      for (int i = 0; i < ROWS[level] / 3; i++) begin
        a          = row[3*i];
        b          = row[3*i+1];
        c          = row[3*i+2];
        row[2*i]   = a ^ b ^ c;
        row[2*i+1] = ((a & b) | ((a | b) & c)) << 1;
      end
      for (int i = 0; i < ROWS[level] % 3; i++) begin
        row[ROWS[level]/3*2+i] = row[ROWS[level]/3*3+i];
      end
    end
    sums    = row[0];
    carries = row[1];
  endfunction

  always_comb begin
    odd_o   = '0;
    carry_o = '0;
    if (valid_i) reduce(x_i, y_i, odd_o, carry_o);
  end

endmodule

`default_nettype wire
