// SPDX-License-Identifier: MIT OR Apache-2.0
// Raises an error of the kind that `what_i` asks for.

`default_nettype none

module errors (
  input  logic       clk_i,
  input  logic [7:0] what_i,
  output logic [7:0] count_o
);

  logic [7:0] count_q;
  assign count_o = count_q;

  always_ff @(posedge clk_i) begin
    count_q <= count_q + 1'b1;
    case (what_i)
      8'd1: $error("error at count %0d", count_q);
      8'd2: $fatal(1, "fatal at count %0d", count_q);
      8'd3: $stop;
      8'd4: $finish;
      8'd5: assert (what_i == '0);
      8'd6: assert (what_i == '0)
          else begin
            $error("not zero: %0d", what_i);
          end
      8'd7: begin
        $error("first");
        $error("second");
      end
      8'd8: $display("count is %0d", count_q);
      8'd9: $write("no end");
      8'd10: $warning("a warning");
      8'd11: $error;
      8'd13: begin
        for (int i = 0; i < 2000; i++) $display("line %0d of many, to fill the buffer", i);
      end
      default: ;
    endcase
  end

  NotTwelve: assert property (@(posedge clk_i) what_i != 8'd12) else $error("it is %0d", what_i);

  final $display("final count %0d", count_q);

endmodule

`default_nettype wire
