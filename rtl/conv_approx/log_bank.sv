// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_1: the log proxy L(a) of every word of the data buffer (the paper's section IV-C, MSB
// analysis; section III for why the position of the leading one stands for a logarithm).
//
// With log planes the logs of a window come from memory instead, row by row of the buffer.
//
// L(a) = msb(|a|) * 2^LOG_FRAC + the LOG_FRAC bits right below that bit. A zero word has no log;
// its live bit is low.
//
// A float has its logarithm in its exponent, and the bits below that are the fraction's: L(a) is the
// upper part of the word as it stands, the sign left out. An infinity or a NaN has the exponent 255 there,
// which product_select looks at.
`default_nettype none

module log_bank #(
  parameter  int SPAN      = 4,              // rows of the buffer, and words of a row
  parameter  int OPERAND_W = 32,
  parameter  int LOG_FRAC  = 0,
  parameter  int FLOAT     = 0,
  parameter  int PLANES    = 0,
  localparam int WORDS     = SPAN * SPAN,
  localparam int LOG_W     = conv_approx_pkg::log_width(OPERAND_W, LOG_FRAC, FLOAT),
  localparam int ROW_W     = $clog2(SPAN + 1)
) (
  input  wire logic                       clk_i,

  // With enable_i the logs of data_i are in log_o and live_o from the next cycle on; without it
  // they keep their values.
  input  wire logic                       enable_i,
  input  wire logic [OPERAND_W*WORDS-1:0] data_i,

  // With plane_valid_i the entries {live, log} of plane_i, the first one lowest, are in plane_row_i
  // from the next cycle on. A row may come in parts: all but the first are added to what is there.
  input  wire logic                       plane_valid_i,
  input  wire logic [ROW_W-1:0]           plane_row_i,
  input  wire logic                       plane_first_i,
  input  wire logic [(LOG_W+1)*SPAN-1:0]  plane_i,

  output      logic [LOG_W*WORDS-1:0]     log_o,
  output      logic [WORDS-1:0]           live_o
);

  // The position of the leading one, and all that stands below it at the top, with room for a
  // fraction that has more bits.
  localparam int MSB_W   = $clog2(OPERAND_W);
  localparam int BELOW_W = OPERAND_W - 1;
  localparam int WHOLE_W = MSB_W + BELOW_W + LOG_FRAC;

  // Halving steps bring the leading one to the top bit; the steps taken are the places that it was
  // below it.
  function automatic logic [LOG_W-1:0] log_proxy(input logic [OPERAND_W-1:0] word);
    logic [OPERAND_W-1:0] magnitude;
    logic [MSB_W-1:0]     msb;
    magnitude = word[OPERAND_W-1] ? -word : word;
    msb = '1;
    for (int step = MSB_W - 1; step >= 0; step--) begin
      if (magnitude >> (OPERAND_W - (1 << step)) == '0) begin
        magnitude = magnitude << (1 << step);
        msb[step] = 1'b0;
      end
    end
    log_proxy = LOG_W'((WHOLE_W'({msb, magnitude[BELOW_W-1:0]}) << LOG_FRAC) >> BELOW_W);
  endfunction

  // Of a float all that stands behind its sign.
  function automatic logic [LOG_W-1:0] float_log(input logic [OPERAND_W-2:0] word);
    float_log = LOG_W'(WHOLE_W'(word) >> (OPERAND_W - 1 - LOG_W));
  endfunction

  // Blocking only on locals: each enable writes the registers whole, or a row of them.
  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      logic [LOG_W*WORDS-1:0] logs;
      logic [WORDS-1:0]       live;
      for (int word = 0; word < WORDS; word++) begin
        if (FLOAT != 0) begin
          logs[LOG_W*word +: LOG_W] = float_log(data_i[OPERAND_W*word +: OPERAND_W-1]);
          live[word]                = data_i[OPERAND_W*word +: OPERAND_W-1] != '0;
        end else begin
          logs[LOG_W*word +: LOG_W] = log_proxy(data_i[OPERAND_W*word +: OPERAND_W]);
          live[word]                = data_i[OPERAND_W*word +: OPERAND_W] != '0;
        end
      end
      log_o  <= logs;
      live_o <= live;
    end else if (PLANES != 0 && plane_valid_i) begin
      for (int word = 0; word < WORDS; word++) begin
        if (32'(plane_row_i) == word / SPAN) begin
          logic [LOG_W:0] entry, earlier;
          entry   = plane_i[(LOG_W+1)*(word % SPAN) +: LOG_W + 1];
          earlier = plane_first_i ? '0 : {live_o[word], log_o[LOG_W*word +: LOG_W]};
          {live_o[word], log_o[LOG_W*word +: LOG_W]} <= entry | earlier;
        end
      end
    end
  end

  if (PLANES == 0) begin : gen_no_planes
    wire logic unused_plane = ^{plane_valid_i, plane_row_i, plane_first_i, plane_i};
  end

endmodule

`default_nettype wire
