// SPDX-License-Identifier: MIT OR Apache-2.0
// What plusargs ask for happens in initial and final blocks.

`default_nettype none

module startup (
  input  logic        clk_i,
  output logic [31:0] value_o,
  output logic        verbose_o
);

  logic [7:0] words [4] /*verilator public_flat_rw*/;

  initial begin
    value_o   = 32'd5;
    verbose_o = 1'b0;
    if ($value$plusargs("value=%d", value_o)) $display("value is %0d", value_o);
    if ($test$plusargs("verbose")) verbose_o = 1'b1;
    if ($test$plusargs("finish")) $finish;
    if ($test$plusargs("memory")) $readmemh("nowhere/to be found.hex", words);
    if ($test$plusargs("fail")) $fatal(1, "asked to fail");
  end

  always_ff @(posedge clk_i) begin
    value_o <= value_o + 1;
    // No more than 100 cycles.
    if (value_o == 32'd100) $finish;
  end

  final begin
    if (verbose_o) $error("the end at %0d", value_o);
  end

endmodule

`default_nettype wire
