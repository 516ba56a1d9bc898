// SPDX-License-Identifier: MIT OR Apache-2.0
// Random bits for waiting: a 32-bit xorshift generator that stands still without a seed.
`default_nettype none

module soc_random (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,
  input  wire logic [31:0] seed_i,     // 0: no randomness; stays as it is from the reset on
  output wire logic [3:0]  bits_o      // 0 without a seed
);

  logic        started_q;
  logic [31:0] state_q, state_d;

  always_comb begin
    state_d = state_q;
    if (seed_i != '0) begin
      state_d = started_q ? state_q : seed_i;
      state_d = state_d ^ (state_d << 13);
      state_d = state_d ^ (state_d >> 17);
      state_d = state_d ^ (state_d << 5);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      started_q <= 1'b0;
      state_q   <= '0;
    end else if (seed_i != '0) begin
      started_q <= 1'b1;
      state_q   <= state_d;
    end
  end

  // The low bits follow each other less visibly after the last shift than the high ones.
  assign bits_o = {state_q[24], state_q[17], state_q[11], state_q[3]};

endmodule

`default_nettype wire
