// SPDX-License-Identifier: MIT OR Apache-2.0
// The arithmetic and logic unit, and the conditions of branches.
`default_nettype none

module core_alu (
  input  wire core_pkg::alu_e operator_i,
  input  wire logic [31:0]    a_i,
  input  wire logic [31:0]    b_i,
  output      logic [31:0]    result_o,

  input  wire logic           compare_i,     // low: taken_o is low
  input  wire logic [2:0]     condition_i,   // funct3 of a branch
  output      logic           taken_o
);

  import core_pkg::*;

  wire logic [4:0] shift = b_i[4:0];

  always_comb begin
    case (operator_i)
      ALU_SUB:  result_o = a_i - b_i;
      ALU_SLL:  result_o = a_i << shift;
      ALU_SLT:  result_o = {31'b0, $signed(a_i) < $signed(b_i)};
      ALU_SLTU: result_o = {31'b0, a_i < b_i};
      ALU_XOR:  result_o = a_i ^ b_i;
      ALU_SRL:  result_o = a_i >> shift;
      ALU_SRA:  result_o = $unsigned($signed(a_i) >>> shift);
      ALU_OR:   result_o = a_i | b_i;
      ALU_AND:  result_o = a_i & b_i;
      default:  result_o = a_i + b_i;
    endcase
  end

  always_comb begin
    taken_o = 1'b0;
    if (compare_i) begin
      case (condition_i[2:1])
        2'b10:   taken_o = ($signed(a_i) < $signed(b_i)) ^ condition_i[0];   // blt, bge
        2'b11:   taken_o = (a_i < b_i) ^ condition_i[0];                     // bltu, bgeu
        default: taken_o = (a_i == b_i) ^ condition_i[0];                    // beq, bne
      endcase
    end
  end

endmodule

`default_nettype wire
