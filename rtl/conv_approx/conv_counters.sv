// SPDX-License-Identifier: MIT OR Apache-2.0
// Performance counters of the unit: 32 bits each, wrapping, read one at a time.
`default_nettype none

module conv_counters #(
  parameter  int LANES   = 36,
  parameter  int WORDS_W = 3,
  parameter  int PLANES  = 0,    // 1: there are states that fetch by log planes
  localparam int COUNT_W = $clog2(LANES + 1)
) (
  input  wire logic               clk_i,
  input  wire logic               rst_ni,

  input  wire logic               clear_i,
  input  wire logic [3:0]         select_i,  // conv_approx_pkg::COUNTER_*
  output      logic [31:0]        value_o,   // combinational; 0 for an unknown address

  // Events of this cycle.
  input  wire conv_approx_pkg::state_e state_i,
  input  wire logic               window_i,  // a window ends well
  input  wire logic [COUNT_W-1:0] kept_i,    // with window_i: its multiplications
  input  wire logic [COUNT_W-1:0] skipped_i, // with window_i: the rest of its products
  input  wire logic [WORDS_W-1:0] words_i,   // words that enter the buffer
  input  wire logic               beat_i     // an access of the memory port is granted
);

  import conv_approx_pkg::*;

  logic [31:0] windows_q, done_q, skipped_q, words_q, beats_q;
  logic [31:0] idle_q, get_data_q, stage_1_q, stage_2_q, stage_3_q, waiting_q;
  logic [31:0] get_logs_q, find_words_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {windows_q, done_q, skipped_q, words_q, beats_q} <= '0;
      {idle_q, get_data_q, stage_1_q, stage_2_q, stage_3_q, waiting_q} <= '0;
    end else if (clear_i) begin
      {windows_q, done_q, skipped_q, words_q, beats_q} <= '0;
      {idle_q, get_data_q, stage_1_q, stage_2_q, stage_3_q, waiting_q} <= '0;
    end else begin
      if (window_i) begin
        windows_q <= windows_q + 32'd1;
        done_q    <= done_q + 32'(kept_i);
        skipped_q <= skipped_q + 32'(skipped_i);
      end
      if (words_i != '0) words_q <= words_q + 32'(words_i);
      if (beat_i) beats_q <= beats_q + 32'd1;
      case (state_i)
        IDLE:     idle_q     <= idle_q + 32'd1;
        GET_DATA: get_data_q <= get_data_q + 32'd1;
        STAGE_1:  stage_1_q  <= stage_1_q + 32'd1;
        STAGE_2:  stage_2_q  <= stage_2_q + 32'd1;
        STAGE_3:  stage_3_q  <= stage_3_q + 32'd1;
        DONE:     waiting_q  <= waiting_q + 32'd1;
        default: ;
      endcase
    end
  end

  if (PLANES != 0) begin : gen_planes
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)                     {get_logs_q, find_words_q} <= '0;
      else if (clear_i)                {get_logs_q, find_words_q} <= '0;
      else if (state_i == GET_LOGS)    get_logs_q   <= get_logs_q + 32'd1;
      else if (state_i == FIND_WORDS)  find_words_q <= find_words_q + 32'd1;
    end
  end else begin : gen_no_planes
    assign {get_logs_q, find_words_q} = '0;
  end

  always_comb begin
    case (select_i)
      COUNTER_WINDOWS:                 value_o = windows_q;
      COUNTER_MULTIPLICATIONS_DONE:    value_o = done_q;
      COUNTER_MULTIPLICATIONS_SKIPPED: value_o = skipped_q;
      COUNTER_MEMORY_WORDS:            value_o = words_q;
      COUNTER_MEMORY_BEATS:            value_o = beats_q;
      COUNTER_CYCLES_IDLE:             value_o = idle_q;
      COUNTER_CYCLES_GET_DATA:         value_o = get_data_q;
      COUNTER_CYCLES_STAGE_1:          value_o = stage_1_q;
      COUNTER_CYCLES_STAGE_2:          value_o = stage_2_q;
      COUNTER_CYCLES_STAGE_3:          value_o = stage_3_q;
      COUNTER_CYCLES_DONE:             value_o = waiting_q;
      COUNTER_CYCLES_GET_LOGS:         value_o = get_logs_q;
      COUNTER_CYCLES_FIND_WORDS:       value_o = find_words_q;
      default:                         value_o = '0;
    endcase
  end

endmodule

`default_nettype wire
