// SPDX-License-Identifier: MIT OR Apache-2.0
// STAGE_2, the decision: which products of one output are worth a multiplication (the paper's
// sections III and IV-C).
//
// S_i = L(w_i) + L(x_i) estimates the logarithm of product i; S_max is the largest S_i over the
// products with two non-zero operands. In approx mode product i is kept if S_i > S_max - T. S_max
// comes from the reduction tree of the paper's section IV-C.
//
// A product of an infinity or a NaN has no score, and is kept in every mode. The scores of floats are
// wide: a unit for them finds S_max in one cycle, and decides from it in the next.
`default_nettype none

module product_select #(
  parameter  int KERNEL    = 3,
  parameter  int OPERAND_W = 32,
  parameter  int LOG_FRAC  = 0,
  parameter  int FLOAT     = 0,
  parameter  int OUTPUT    = 0,   // 0 .. 3 of the 2x2 tile, row by row
  localparam int PRODUCTS  = KERNEL * KERNEL,
  localparam int SPAN      = KERNEL + 1,
  localparam int LOG_W     = conv_approx_pkg::log_width(OPERAND_W, LOG_FRAC, FLOAT),
  localparam int SCORE_W   = LOG_W + 1,
  localparam int SMAX_W    = SCORE_W + 1
) (
  // Without enable_i nothing is kept.
  input  wire logic                enable_i,
  input  wire conv_approx_pkg::mode_t mode_i,
  input  wire logic [conv_approx_pkg::THRESHOLD_W-1:0] threshold_i,

  // S_max of the channels before this one: {valid, score}. It counts only with running_i.
  input  wire logic                running_i,
  input  wire logic [SMAX_W-1:0]   smax_i,

  // Product i multiplies weight i and activation i. Products outside the kernel side or the tile
  // are not active; they have no score and are never kept.
  input  wire logic [PRODUCTS-1:0]       active_i,
  input  wire logic [LOG_W*PRODUCTS-1:0] weight_log_i,
  input  wire logic [PRODUCTS-1:0]       weight_live_i,

  // Logs of the whole data buffer, rows of SPAN words.
  input  wire logic [LOG_W*SPAN*SPAN-1:0] data_log_i,
  input  wire logic [SPAN*SPAN-1:0]       data_live_i,

  // With FLOAT: smax_o of the cycle before, from which it is decided.
  input  wire logic [SMAX_W-1:0]   ranked_i,

  output      logic [PRODUCTS-1:0] keep_o,
  output      logic [SMAX_W-1:0]   smax_o   // {valid, score}
);

  import conv_approx_pkg::*;

  // The leaves of the tree: the products' scores, and the S_max handed in.
  localparam int LEAVES = PRODUCTS + 1;

  // The word of the buffer that product i of this output multiplies.
  function automatic int word(input int i);
    word = activation_word(KERNEL, OUTPUT * PRODUCTS + i);
  endfunction

  // Whether a live operand is an infinity or a NaN, by the whole part of its log: the exponent.
  function automatic logic is_special(input logic [LOG_W-LOG_FRAC-1:0] whole);
    is_special = whole == '1;
  endfunction

  logic [PRODUCTS-1:0] activation_live, live;   // live: the product has a score
  logic [PRODUCTS-1:0] special;
  logic [SCORE_W-1:0]  score [PRODUCTS];
  logic [SMAX_W-1:0]   node [2*LEAVES-1];   // of nodes 2n+1 and 2n+2, node n is the larger one
  logic [SCORE_W:0]    reach, cutoff;       // the cutoff is S_max - T; its top bit: below all scores
  always_comb begin
    smax_o          = '0;
    keep_o          = '0;
    activation_live = '0;
    live            = '0;
    special         = '0;
    reach           = '0;
    cutoff          = '0;
    for (int i = 0; i < PRODUCTS; i++) score[i] = '0;
    for (int n = 0; n < 2*LEAVES-1; n++) node[n] = '0;
    if (enable_i) begin
      // A score with its live bit on top compares above every dead one.
      node[LEAVES-1] = running_i ? smax_i : '0;
      for (int i = 0; i < PRODUCTS; i++) begin
        activation_live[i] = data_live_i[word(i)];
        live[i]  = active_i[i] && weight_live_i[i] && activation_live[i];
        if (FLOAT != 0) begin
          special[i] = active_i[i] &&
              ((weight_live_i[i] &&
                is_special(weight_log_i[LOG_W*i + LOG_FRAC +: LOG_W-LOG_FRAC])) ||
               (activation_live[i] &&
                is_special(data_log_i[LOG_W*word(i) + LOG_FRAC +: LOG_W-LOG_FRAC])));
          live[i] = live[i] && !special[i];
        end
        score[i] = SCORE_W'(weight_log_i[LOG_W*i +: LOG_W]) +
                   SCORE_W'(data_log_i[LOG_W*word(i) +: LOG_W]);
        node[LEAVES+i] = live[i] ? {1'b1, score[i]} : '0;
      end
      for (int n = LEAVES - 2; n >= 0; n--) begin
        node[n] = node[2*n+1] > node[2*n+2] ? node[2*n+1] : node[2*n+2];
      end
      smax_o = node[0];

      // A T of 2^SCORE_W and more reaches below every score.
      reach  = threshold_i[THRESHOLD_W-1:SCORE_W] != '0 ? {1'b1, SCORE_W'(0)} :
                                                          {1'b0, threshold_i[SCORE_W-1:0]};
      if (FLOAT != 0) cutoff = {1'b0, ranked_i[SCORE_W-1:0]} - reach;
      else            cutoff = {1'b0, smax_o[SCORE_W-1:0]} - reach;
      case (mode_i)
        MODE_EXACT:          keep_o = active_i;
        MODE_ZERO_SKIP:      keep_o = active_i & activation_live;
        MODE_DUAL_ZERO_SKIP: keep_o = live;
        default: begin
          for (int i = 0; i < PRODUCTS; i++) begin
            keep_o[i] = live[i] && (cutoff[SCORE_W] || score[i] > cutoff[SCORE_W-1:0]);
          end
        end
      endcase
      if (FLOAT != 0) keep_o = keep_o | special;
    end
  end

  wire logic unused_ranked = ^ranked_i;

endmodule

`default_nettype wire
