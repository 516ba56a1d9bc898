// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_1: the log proxy L(a) of every word of the data buffer (the paper's section IV-C, MSB
// analysis; section III for why the position of the leading one stands for a logarithm).
//
// L(a) = msb(|a|) * 2^LOG_FRAC + the LOG_FRAC bits right below that bit. A zero word has no log;
// its live bit is low.
`default_nettype none

module log_bank #(
  parameter  int WORDS    = 16,
  parameter  int LOG_FRAC = 0,
  localparam int LOG_W    = 5 + LOG_FRAC
) (
  input  wire logic                   clk_i,

  // With enable_i the logs of data_i are in log_o and live_o from the next cycle on; without it
  // they keep their values.
  input  wire logic                   enable_i,
  input  wire logic [32*WORDS-1:0]    data_i,
  output      logic [LOG_W*WORDS-1:0] log_o,
  output      logic [WORDS-1:0]       live_o
);

  // Five halving steps bring the leading one to bit 31; the steps taken are 31 - msb. What then
  // stands below bit 31 is the fraction.
  function automatic logic [LOG_W-1:0] log_proxy(input logic [31:0] word);
    logic [31:0] magnitude;
    logic [4:0]  msb;
    magnitude = word[31] ? -word : word;
    msb = 5'd31;
    if (magnitude[31:16] == 16'd0) begin
      magnitude = {magnitude[15:0], 16'd0};
      msb[4] = 1'b0;
    end
    if (magnitude[31:24] == 8'd0) begin
      magnitude = {magnitude[23:0], 8'd0};
      msb[3] = 1'b0;
    end
    if (magnitude[31:28] == 4'd0) begin
      magnitude = {magnitude[27:0], 4'd0};
      msb[2] = 1'b0;
    end
    if (magnitude[31:30] == 2'd0) begin
      magnitude = {magnitude[29:0], 2'd0};
      msb[1] = 1'b0;
    end
    if (!magnitude[31]) begin
      magnitude = {magnitude[30:0], 1'd0};
      msb[0] = 1'b0;
    end
    log_proxy = LOG_W'({msb, magnitude[30:0]} >> (31 - LOG_FRAC));
  endfunction

  // Blocking only on locals: the registers are written whole, under one enable.
  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      logic [LOG_W*WORDS-1:0] logs;
      logic [WORDS-1:0]       live;
      for (int word = 0; word < WORDS; word++) begin
        logs[LOG_W*word +: LOG_W] = log_proxy(data_i[32*word +: 32]);
        live[word]                = data_i[32*word +: 32] != 32'd0;
      end
      log_o  <= logs;
      live_o <= live;
    end
  end

endmodule

`default_nettype wire
