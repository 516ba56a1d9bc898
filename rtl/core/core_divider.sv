// SPDX-License-Identifier: MIT OR Apache-2.0
// Division and remainder, restoring, two bits of the quotient a cycle.
//
// The first cycle takes the magnitudes, and shifts the divisor below the dividend's leading one:
// as many steps follow as the quotient can have bits, none if it is 0 or the divisor is. The last
// cycle gives the result its sign. 2 to 18 cycles.
`default_nettype none

module core_divider (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  input  wire logic        start_i,      // div, divu, rem or remu is in EX
  input  wire logic        flush_i,      // and leaves it without a result
  input  wire logic        taken_i,      // and leaves it with its result
  input  wire logic [1:0]  funct3_i,     // 0 div, 1 divu, 2 rem, 3 remu
  input  wire logic [31:0] a_i,
  input  wire logic [31:0] b_i,

  output wire logic        done_o,       // holds until taken_i
  output      logic [31:0] result_o      // with done_o
);

  typedef enum logic [1:0] {SETUP, DIVIDE, DONE} state_e;

  state_e      state_q;
  logic [3:0]  steps_q;         // that follow this one
  logic [31:0] quotient_q, remainder_q;
  logic [32:0] divisor_q;
  logic        negative_q;      // the result is

  wire logic is_signed = !funct3_i[0];
  wire logic rem       = funct3_i[1];

  // ---- First cycle ---------------------------------------------------------------------------

  function automatic logic [4:0] leading_zeros(logic [31:0] x);   // x != 0
    logic [31:0] rest;
    rest          = x;
    leading_zeros = '0;
    if (rest[31:16] == '0) begin leading_zeros[4] = 1'b1; rest = {rest[15:0], 16'b0}; end
    if (rest[31:24] == '0) begin leading_zeros[3] = 1'b1; rest = {rest[23:0], 8'b0};  end
    if (rest[31:28] == '0) begin leading_zeros[2] = 1'b1; rest = {rest[27:0], 4'b0};  end
    if (rest[31:30] == '0) begin leading_zeros[1] = 1'b1; rest = {rest[29:0], 2'b0};  end
    if (!rest[31])         begin leading_zeros[0] = 1'b1;                             end
  endfunction

  wire logic setup = start_i && state_q == SETUP;

  logic [31:0] magnitude_a, magnitude_b;
  logic        trivial;         // no step is necessary
  logic [4:0]  shift;           // steps - 1, made odd
  logic [32:0] divisor;

  always_comb begin
    magnitude_a = '0;
    magnitude_b = '0;
    trivial     = 1'b0;
    shift       = '0;
    divisor     = '0;
    if (setup) begin
      magnitude_a = is_signed && a_i[31] ? -a_i : a_i;
      magnitude_b = is_signed && b_i[31] ? -b_i : b_i;
      trivial     = magnitude_b == '0 || magnitude_a < magnitude_b;
      if (!trivial) begin
        shift   = (leading_zeros(magnitude_b) - leading_zeros(magnitude_a)) | 5'd1;
        divisor = {1'b0, magnitude_b} << shift;
      end
    end
  end

  // ---- Steps ---------------------------------------------------------------------------------

  wire logic divide = state_q == DIVIDE;

  // What is left of the remainder for each value of the two bits, side by side: one subtraction
  // after the other would set the clock of the core. The top bit of a difference is its sign.
  logic        bit_1, bit_0;    // of the quotient
  logic [31:0] remainder;
  logic [34:0] less_1, less_2, less_3;

  always_comb begin
    bit_1     = 1'b0;
    bit_0     = 1'b0;
    remainder = '0;
    less_1    = '0;
    less_2    = '0;
    less_3    = '0;
    if (divide) begin
      less_1 = {3'b0, remainder_q} - {3'b0, divisor_q[32:1]};
      less_2 = {3'b0, remainder_q} - {2'b0, divisor_q};
      less_3 = {3'b0, remainder_q} - {2'b0, divisor_q} - {3'b0, divisor_q[32:1]};
      bit_1  = !less_2[34];
      bit_0  = bit_1 ? !less_3[34] : !less_1[34];
      case ({bit_1, bit_0})
        2'd3:    remainder = less_3[31:0];
        2'd2:    remainder = less_2[31:0];
        2'd1:    remainder = less_1[31:0];
        default: remainder = remainder_q;
      endcase
    end
  end

  wire logic [5:0] unused_bits = {less_3[33:32], less_2[33:32], less_1[33:32]};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= SETUP;
    end else if (start_i) begin
      if (flush_i || taken_i) begin
        state_q <= SETUP;
      end else begin
        case (state_q)
          SETUP:   state_q <= trivial ? DONE : DIVIDE;
          DIVIDE:  if (steps_q == '0) state_q <= DONE;
          default: ;   // until it is taken
        endcase
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (setup) begin
      steps_q     <= shift[4:1];
      quotient_q  <= magnitude_b == '0 ? '1 : '0;
      remainder_q <= magnitude_a;
      divisor_q   <= divisor;
      negative_q  <= is_signed && (rem ? a_i[31] : a_i[31] != b_i[31] && magnitude_b != '0);
    end
    if (divide) begin
      steps_q     <= steps_q - 4'd1;
      quotient_q  <= {quotient_q[29:0], bit_1, bit_0};
      remainder_q <= remainder;
      divisor_q   <= {2'b0, divisor_q[32:2]};
    end
  end

  // ---- Last cycle ----------------------------------------------------------------------------

  wire logic [31:0] magnitude = rem ? remainder_q : quotient_q;

  assign done_o = state_q == DONE;

  always_comb begin
    result_o = '0;
    if (done_o) result_o = negative_q ? -magnitude : magnitude;
  end

endmodule

`default_nettype wire
