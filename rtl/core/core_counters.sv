// SPDX-License-Identifier: MIT OR Apache-2.0
// Counters of 64 bits: mcycle (0), minstret (2), and mhpmcounter3 to 14, each of one event.
`default_nettype none

module core_counters (
  input  wire logic         clk_i,
  input  wire logic         rst_ni,

  // Events of this cycle, by the number of the counter; those of retired instructions (2 and from
  // 9 on) are not inhibited here, since they are counted later than they are decided.
  input  wire logic [14:2]  event_i,
  output wire logic [14:0]  inhibit_o,       // mcountinhibit

  // Write of one half of a counter, or of mcountinhibit: it takes the place of the event.
  input  wire logic         write_i,
  input  wire logic         write_inhibit_i,
  input  wire logic         high_i,
  input  wire logic [31:0]  wdata_i,

  // Reads are combinational. Numbers without a counter read 0, and ignore writes.
  input  wire logic         read_i,          // low: rdata_o is 0
  input  wire logic [4:0]   number_i,
  output      logic [31:0]  rdata_o,

  input  wire logic [3:0]   perf_select_i,
  output wire logic [63:0]  perf_o
);

  import core_pkg::*;

  localparam logic [14:0] EXISTS = 15'h7ffd;

  logic [63:0] counter_q [16];     // 1 and 15 stay 0
  logic [14:0] inhibit_q;

  wire logic [14:3] counted = {event_i[14:EVENT_LOAD],
                               event_i[EVENT_UNIT:3] & ~inhibit_q[EVENT_UNIT:3]};

  wire logic exists = !number_i[4] && number_i[3:0] != 4'd15;
  wire logic [63:0] selected = counter_q[number_i[3:0]];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      inhibit_q <= '0;
      for (int i = 0; i < 16; i++) counter_q[i] <= '0;
    end else begin
      if (!inhibit_q[COUNTER_CYCLE]) counter_q[COUNTER_CYCLE] <= counter_q[COUNTER_CYCLE] + 64'd1;
      if (event_i[COUNTER_INSTRET]) begin
        counter_q[COUNTER_INSTRET] <= counter_q[COUNTER_INSTRET] + 64'd1;
      end
      if (counted != '0) begin
        for (int i = 3; i < 15; i++) if (counted[i]) counter_q[i] <= counter_q[i] + 64'd1;
      end
      if (write_inhibit_i) inhibit_q <= wdata_i[14:0] & EXISTS;
      if (write_i && exists) begin
        counter_q[number_i[3:0]] <= high_i ? {wdata_i, selected[31:0]}
                                           : {selected[63:32], wdata_i};
      end
    end
  end

  always_comb begin
    rdata_o = '0;
    if (read_i && exists) rdata_o = high_i ? selected[63:32] : selected[31:0];
  end

  assign inhibit_o = inhibit_q;
  assign perf_o    = counter_q[perf_select_i];

endmodule

`default_nettype wire
