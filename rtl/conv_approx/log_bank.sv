// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_1: the log proxy L(a) of every word of the data buffer (the paper's section IV-C, MSB
// analysis; section III for why the position of the leading one stands for a logarithm).
//
// L(a) = msb(|a|) * 2^LOG_FRAC + the LOG_FRAC bits right below that bit. A zero word has no log;
// its live bit is low.
`default_nettype none

module log_bank #(
  parameter  int WORDS     = 16,
  parameter  int OPERAND_W = 32,
  parameter  int LOG_FRAC  = 0,
  localparam int MSB_W     = $clog2(OPERAND_W),
  localparam int LOG_W     = MSB_W + LOG_FRAC
) (
  input  wire logic                       clk_i,

  // With enable_i the logs of data_i are in log_o and live_o from the next cycle on; without it
  // they keep their values.
  input  wire logic                       enable_i,
  input  wire logic [OPERAND_W*WORDS-1:0] data_i,
  output      logic [LOG_W*WORDS-1:0]     log_o,
  output      logic [WORDS-1:0]           live_o
);

  // The position of the leading one, and all that stands below it at the top, with room for a
  // fraction that has more bits.
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

  // Blocking only on locals: the registers are written whole, under one enable.
  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      logic [LOG_W*WORDS-1:0] logs;
      logic [WORDS-1:0]       live;
      for (int word = 0; word < WORDS; word++) begin
        logs[LOG_W*word +: LOG_W] = log_proxy(data_i[OPERAND_W*word +: OPERAND_W]);
        live[word]                = data_i[OPERAND_W*word +: OPERAND_W] != '0;
      end
      log_o  <= logs;
      live_o <= live;
    end
  end

endmodule

`default_nettype wire
