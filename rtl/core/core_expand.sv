// SPDX-License-Identifier: MIT OR Apache-2.0
// Expands a compressed instruction to the instruction that it stands for.
`default_nettype none

module core_expand #(
  parameter bit FLOAT = 0               // with RV32FC
) (
  input  wire logic        enable_i,    // low: the outputs are 0
  input  wire logic [15:0] insn_i,
  output      logic [31:0] insn_o,
  output      logic        illegal_o    // reserved, or of an extension that the core has not
);

  import core_pkg::*;

  localparam logic [4:0] ZERO = 5'd0;
  localparam logic [4:0] RA   = 5'd1;
  localparam logic [4:0] SP   = 5'd2;

  // Register fields: of five bits; of three bits, which name x8 to x15.
  wire logic [4:0] rd     = insn_i[11:7];
  wire logic [4:0] rs2    = insn_i[6:2];
  wire logic [4:0] rd_c   = {2'b01, insn_i[9:7]};
  wire logic [4:0] rs2_c  = {2'b01, insn_i[4:2]};
  wire logic [4:0] shamt  = insn_i[6:2];

  wire logic [11:0] imm         = {{7{insn_i[12]}}, insn_i[6:2]};
  wire logic [11:0] imm_addi4   = {2'b0, insn_i[10:7], insn_i[12:11], insn_i[5], insn_i[6], 2'b0};
  wire logic [11:0] imm_addi16  = {{3{insn_i[12]}}, insn_i[4:3], insn_i[5], insn_i[2], insn_i[6],
                                   4'b0};
  wire logic [11:0] imm_word    = {5'b0, insn_i[5], insn_i[12:10], insn_i[6], 2'b0};
  wire logic [11:0] imm_lwsp    = {4'b0, insn_i[3:2], insn_i[12], insn_i[6:4], 2'b0};
  wire logic [11:0] imm_swsp    = {4'b0, insn_i[8:7], insn_i[12:9], 2'b0};
  wire logic [20:1] imm_jump    = {{10{insn_i[12]}}, insn_i[8], insn_i[10:9], insn_i[6],
                                   insn_i[7], insn_i[2], insn_i[11], insn_i[5:3]};
  wire logic [12:1] imm_branch  = {{5{insn_i[12]}}, insn_i[6:5], insn_i[2], insn_i[11:10],
                                   insn_i[4:3]};

  wire logic [31:0] jal_bits    = {imm_jump[20], imm_jump[10:1], imm_jump[11], imm_jump[19:12],
                                   ZERO, OPCODE_JAL};
  wire logic [31:0] branch_bits = {imm_branch[12], imm_branch[10:5], ZERO, rd_c, 3'b000,
                                   imm_branch[4:1], imm_branch[11], OPCODE_BRANCH};

  always_comb begin
    insn_o    = '0;
    illegal_o = 1'b0;
    if (enable_i) begin
      case ({insn_i[1:0], insn_i[15:13]})
        5'b00_000: begin   // c.addi4spn
          insn_o    = {imm_addi4, SP, 3'b000, rs2_c, OPCODE_OP_IMM};
          illegal_o = imm_addi4 == '0;
        end
        5'b00_010: insn_o = {imm_word, rd_c, 3'b010, rs2_c, OPCODE_LOAD};    // c.lw
        5'b00_110: insn_o = {imm_word[11:5], rs2_c, rd_c, 3'b010, imm_word[4:0],
                             OPCODE_STORE};                                  // c.sw
        5'b00_011: begin   // c.flw
          if (FLOAT) insn_o = {imm_word, rd_c, 3'b010, rs2_c, OPCODE_LOAD_FP};
          illegal_o = !FLOAT;
        end
        5'b00_111: begin   // c.fsw
          if (FLOAT) insn_o = {imm_word[11:5], rs2_c, rd_c, 3'b010, imm_word[4:0], OPCODE_STORE_FP};
          illegal_o = !FLOAT;
        end
        5'b01_000: insn_o = {imm, rd, 3'b000, rd, OPCODE_OP_IMM};            // c.addi, c.nop
        5'b01_001: insn_o = jal_bits | {20'b0, RA, 7'b0};                    // c.jal
        5'b01_010: insn_o = {imm, ZERO, 3'b000, rd, OPCODE_OP_IMM};          // c.li
        5'b01_011: begin   // c.addi16sp, c.lui
          if (rd == SP) insn_o = {imm_addi16, SP, 3'b000, SP, OPCODE_OP_IMM};
          else          insn_o = {{15{insn_i[12]}}, insn_i[6:2], rd, OPCODE_LUI};
          illegal_o = imm == '0;
        end
        5'b01_100: begin
          case (insn_i[11:10])
            2'b00, 2'b01: begin   // c.srli, c.srai
              insn_o    = {1'b0, insn_i[10], 5'b0, shamt, rd_c, 3'b101, rd_c, OPCODE_OP_IMM};
              illegal_o = insn_i[12];
            end
            2'b10: insn_o = {imm, rd_c, 3'b111, rd_c, OPCODE_OP_IMM};        // c.andi
            default: begin
              case (insn_i[6:5])
                2'b00:   insn_o = {7'h20, rs2_c, rd_c, 3'b000, rd_c, OPCODE_OP};   // c.sub
                2'b01:   insn_o = {7'h00, rs2_c, rd_c, 3'b100, rd_c, OPCODE_OP};   // c.xor
                2'b10:   insn_o = {7'h00, rs2_c, rd_c, 3'b110, rd_c, OPCODE_OP};   // c.or
                default: insn_o = {7'h00, rs2_c, rd_c, 3'b111, rd_c, OPCODE_OP};   // c.and
              endcase
              illegal_o = insn_i[12];
            end
          endcase
        end
        5'b01_101: insn_o = jal_bits;                                        // c.j
        5'b01_110: insn_o = branch_bits;                                     // c.beqz
        5'b01_111: insn_o = branch_bits | {17'b0, 3'b001, 12'b0};            // c.bnez
        5'b10_000: begin   // c.slli
          insn_o    = {7'b0, shamt, rd, 3'b001, rd, OPCODE_OP_IMM};
          illegal_o = insn_i[12];
        end
        5'b10_010: begin   // c.lwsp
          insn_o    = {imm_lwsp, SP, 3'b010, rd, OPCODE_LOAD};
          illegal_o = rd == ZERO;
        end
        5'b10_011: begin   // c.flwsp
          if (FLOAT) insn_o = {imm_lwsp, SP, 3'b010, rd, OPCODE_LOAD_FP};
          illegal_o = !FLOAT;
        end
        5'b10_100: begin
          if (rs2 != ZERO) begin   // c.mv, c.add
            insn_o = {7'h00, rs2, insn_i[12] ? rd : ZERO, 3'b000, rd, OPCODE_OP};
          end else if (rd != ZERO) begin   // c.jr, c.jalr
            insn_o = {12'b0, rd, 3'b000, insn_i[12] ? RA : ZERO, OPCODE_JALR};
          end else begin   // c.ebreak
            insn_o    = INSN_EBREAK;
            illegal_o = !insn_i[12];
          end
        end
        5'b10_110: insn_o = {imm_swsp[11:5], rs2, SP, 3'b010, imm_swsp[4:0],
                             OPCODE_STORE};                                  // c.swsp
        5'b10_111: begin   // c.fswsp
          if (FLOAT) insn_o = {imm_swsp[11:5], rs2, SP, 3'b010, imm_swsp[4:0], OPCODE_STORE_FP};
          illegal_o = !FLOAT;
        end
        default: illegal_o = 1'b1;
      endcase
    end
  end

endmodule

`default_nettype wire
