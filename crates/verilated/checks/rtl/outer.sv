// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls a function of the program in each cycle, and raises then what `what_i` asks for.

`default_nettype none

module outer (
  input  wire logic        clk_i,
  input  wire logic [ 7:0] what_i,
  output      logic [31:0] answer_o
);

  import "DPI-C" function int verilated_checks_inner(input int what);

  always_ff @(posedge clk_i) begin
    answer_o <= 32'(verilated_checks_inner(32'(what_i)));
    $display("outer %0d", what_i);
    case (what_i)
      8'd3: $error("of the outer model");
      8'd4: $finish;
      8'd5: $fatal(1, "of the outer model");
      default: ;
    endcase
  end

endmodule

`default_nettype wire
