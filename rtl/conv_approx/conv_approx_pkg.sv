// SPDX-License-Identifier: MIT OR Apache-2.0
// Encodings that the approximate convolution unit shares with its drivers.
`default_nettype none

package conv_approx_pkg;

  // Commands.
  localparam logic OP_LOAD_KERNEL = 1'b0;
  localparam logic OP_RUN_WINDOW  = 1'b1;

  // Modes: which products are multiplied.
  typedef logic [1:0] mode_t;
  localparam mode_t MODE_EXACT          = 0;  // every one
  localparam mode_t MODE_ZERO_SKIP      = 1;  // those with a non-zero activation
  localparam mode_t MODE_DUAL_ZERO_SKIP = 2;  // those with two non-zero operands
  localparam mode_t MODE_APPROX         = 3;  // those with S_i > S_max - T

  // What ended a command.
  localparam logic [1:0] ERROR_NONE    = 2'd0;
  localparam logic [1:0] ERROR_BUS     = 2'd1;  // the memory answered a read with an error
  localparam logic [1:0] ERROR_COMMAND = 2'd2;  // unaligned, side out of range, no kernel

  // The threshold T is in units of 2^-LOG_FRAC. It saturates here: a T above the largest S_i
  // keeps every non-zero product, whatever its value.
  localparam int THRESHOLD_W = 16;

  // The state machine of the paper's section IV-C, and what a unit with log planes has besides.
  typedef enum logic [2:0] {
    IDLE, GET_DATA, STAGE_1, STAGE_2, STAGE_3, DONE, GET_LOGS, FIND_WORDS
  } state_e;

  // Addresses of the performance counters.
  localparam logic [3:0] COUNTER_WINDOWS                 = 4'd0;
  localparam logic [3:0] COUNTER_MULTIPLICATIONS_DONE    = 4'd1;
  localparam logic [3:0] COUNTER_MULTIPLICATIONS_SKIPPED = 4'd2;
  localparam logic [3:0] COUNTER_MEMORY_WORDS            = 4'd3;  // that enter the buffer
  localparam logic [3:0] COUNTER_MEMORY_BEATS            = 4'd4;  // accesses of the memory port
  localparam logic [3:0] COUNTER_CYCLES_IDLE             = 4'd5;
  localparam logic [3:0] COUNTER_CYCLES_GET_DATA         = 4'd6;
  localparam logic [3:0] COUNTER_CYCLES_STAGE_1          = 4'd7;
  localparam logic [3:0] COUNTER_CYCLES_STAGE_2          = 4'd8;
  localparam logic [3:0] COUNTER_CYCLES_STAGE_3          = 4'd9;
  localparam logic [3:0] COUNTER_CYCLES_DONE             = 4'd10;
  localparam logic [3:0] COUNTER_CYCLES_GET_LOGS         = 4'd11;
  localparam logic [3:0] COUNTER_CYCLES_FIND_WORDS       = 4'd12;

  // Bits of a log: the whole part, the position of an integer's leading one or the biased exponent of
  // a float, and the fraction.
  function automatic int log_width(input int operand_w, input int log_frac, input int float);
    log_width = (float != 0 ? 8 : $clog2(operand_w)) + log_frac;
  endfunction

  // The word of the data buffer that a product multiplies. Products are numbered output by output
  // of the 2x2 tile (top left, top right, bottom left, bottom right), row by row of the kernel; the
  // buffer has rows of kernel + 1 words.
  function automatic int activation_word(input int kernel, input int product);
    int out, i;
    out = product / (kernel * kernel);
    i   = product % (kernel * kernel);
    activation_word = (out / 2 + i / kernel) * (kernel + 1) + out % 2 + i % kernel;
  endfunction

endpackage

`default_nettype wire
