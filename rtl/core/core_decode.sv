// SPDX-License-Identifier: MIT OR Apache-2.0
// ID: what an instruction of 32 bits asks of the stages.
//
// Everything that is illegal whatever the state of the core is found here; CSR addresses are the
// business of core_csr, and all of OPCODE_CONV is the coprocessor's.
`default_nettype none

module core_decode #(
  parameter bit FLOAT = 0                     // with RV32F
) (
  input  wire logic [31:0] insn_i,
  input  wire logic        illegal_i,         // insn_i could not be expanded
  input  wire logic        fault_i,           // insn_i could not be read

  output      core_pkg::exec_e      exec_o,
  output      logic [4:0]           cause_o,      // of EXEC_EXCEPTION
  output      core_pkg::jump_e      jump_o,
  output      core_pkg::alu_e       alu_o,
  output      core_pkg::operand_a_e operand_a_o,
  output      core_pkg::operand_b_e operand_b_o,
  output      logic [31:0]          imm_o,
  output      logic                 reads_rs1_o,
  output      logic                 reads_rs2_o,
  output      logic                 writes_rd_o,  // never x0

  // RV32F.
  output      logic                 float_o,      // an instruction of it
  output      fpu_pkg::op_e         fpu_op_o,     // of EXEC_FPU
  output      logic                 rs1_float_o,  // with reads_rs1_o: the float register
  output      logic                 rs2_float_o,
  output      logic                 reads_rs3_o,  // always a float register
  output      logic                 rd_float_o
);

  import core_pkg::*;
  import fpu_pkg::*;

  wire logic [6:0] opcode = insn_i[6:0];
  wire logic [2:0] funct3 = insn_i[14:12];
  wire logic [6:0] funct7 = insn_i[31:25];

  wire logic [31:0] imm_i = {{20{insn_i[31]}}, insn_i[31:20]};
  wire logic [31:0] imm_s = {{20{insn_i[31]}}, insn_i[31:25], insn_i[11:7]};
  wire logic [31:0] imm_b = {{20{insn_i[31]}}, insn_i[7], insn_i[30:25], insn_i[11:8], 1'b0};
  wire logic [31:0] imm_u = {insn_i[31:12], 12'b0};
  wire logic [31:0] imm_j = {{12{insn_i[31]}}, insn_i[19:12], insn_i[20], insn_i[30:21], 1'b0};

  // Of RV32F: the format of single precision; an operation of one operand, which has another field in
  // the place of rs2.
  wire logic [4:0] rs2    = insn_i[24:20];
  wire logic       single = funct7[1:0] == 2'b00;
  wire logic       unary  = funct7[5];

  logic legal, rd;   // rd: the instruction has a result

  always_comb begin
    legal       = 1'b1;
    rd          = 1'b0;
    exec_o      = EXEC_ALU;
    cause_o     = CAUSE_ILLEGAL;
    jump_o      = JUMP_NONE;
    alu_o       = ALU_ADD;
    operand_a_o = A_RS1;
    operand_b_o = B_IMM;
    imm_o       = imm_i;
    reads_rs1_o = 1'b0;
    reads_rs2_o = 1'b0;
    float_o     = 1'b0;
    fpu_op_o    = FPU_MV;
    rs1_float_o = 1'b0;
    rs2_float_o = 1'b0;
    reads_rs3_o = 1'b0;
    rd_float_o  = 1'b0;

    case (opcode)
      OPCODE_LUI: begin
        operand_a_o = A_ZERO;
        imm_o       = imm_u;
        rd          = 1'b1;
      end

      OPCODE_AUIPC: begin
        operand_a_o = A_PC;
        imm_o       = imm_u;
        rd          = 1'b1;
      end

      OPCODE_JAL: begin
        jump_o      = JUMP_JAL;
        operand_a_o = A_PC;
        operand_b_o = B_LENGTH;
        imm_o       = imm_j;
        rd          = 1'b1;
      end

      OPCODE_JALR: begin
        jump_o      = JUMP_JALR;
        operand_a_o = A_PC;
        operand_b_o = B_LENGTH;
        reads_rs1_o = 1'b1;
        rd          = 1'b1;
        legal       = funct3 == 3'b000;
      end

      OPCODE_BRANCH: begin
        exec_o      = EXEC_BRANCH;
        operand_b_o = B_RS2;
        imm_o       = imm_b;
        reads_rs1_o = 1'b1;
        reads_rs2_o = 1'b1;
        legal       = funct3[2:1] != 2'b01;
      end

      OPCODE_LOAD: begin
        exec_o      = EXEC_LOAD;
        reads_rs1_o = 1'b1;
        rd          = 1'b1;
        legal       = funct3[1:0] != 2'b11 && funct3 != 3'b110;
      end

      OPCODE_STORE: begin
        exec_o      = EXEC_STORE;
        imm_o       = imm_s;
        reads_rs1_o = 1'b1;
        reads_rs2_o = 1'b1;
        legal       = !funct3[2] && funct3[1:0] != 2'b11;
      end

      OPCODE_OP_IMM: begin
        reads_rs1_o = 1'b1;
        rd          = 1'b1;
        case (funct3)
          3'b000: alu_o = ALU_ADD;
          3'b001: begin
            alu_o = ALU_SLL;
            legal = funct7 == 7'h00;
          end
          3'b010: alu_o = ALU_SLT;
          3'b011: alu_o = ALU_SLTU;
          3'b100: alu_o = ALU_XOR;
          3'b101: begin
            alu_o = funct7[5] ? ALU_SRA : ALU_SRL;
            legal = funct7 == 7'h00 || funct7 == 7'h20;
          end
          3'b110:  alu_o = ALU_OR;
          default: alu_o = ALU_AND;
        endcase
      end

      OPCODE_OP: begin
        operand_b_o = B_RS2;
        reads_rs1_o = 1'b1;
        reads_rs2_o = 1'b1;
        rd          = 1'b1;
        if (funct7 == 7'h01) begin
          if (funct3[2]) exec_o = EXEC_DIV;
          else           exec_o = funct3 == 3'b000 ? EXEC_MUL : EXEC_MULH;
        end else begin
          legal = funct7 == 7'h00 || (funct7 == 7'h20 && (funct3 == 3'b000 || funct3 == 3'b101));
          case (funct3)
            3'b000:  alu_o = funct7[5] ? ALU_SUB : ALU_ADD;
            3'b001:  alu_o = ALU_SLL;
            3'b010:  alu_o = ALU_SLT;
            3'b011:  alu_o = ALU_SLTU;
            3'b100:  alu_o = ALU_XOR;
            3'b101:  alu_o = funct7[5] ? ALU_SRA : ALU_SRL;
            3'b110:  alu_o = ALU_OR;
            default: alu_o = ALU_AND;
          endcase
        end
      end

      OPCODE_MISC_MEM: begin
        // One hart and one access at a time: fence has nothing to do.
        if (funct3 == 3'b001) begin
          jump_o = JUMP_FENCE_I;
          imm_o  = 32'd4;         // to the next instruction
        end
        legal = funct3[2:1] == 2'b00;
      end

      OPCODE_SYSTEM: begin
        if (funct3[1:0] != 2'b00) begin
          exec_o      = EXEC_CSR;
          operand_a_o = funct3[2] ? A_UIMM : A_RS1;
          reads_rs1_o = !funct3[2];
          rd          = 1'b1;
        end else begin
          case (insn_i)
            INSN_ECALL: begin
              exec_o  = EXEC_EXCEPTION;
              cause_o = CAUSE_ECALL_M;
            end
            INSN_EBREAK: begin
              exec_o  = EXEC_EXCEPTION;
              cause_o = CAUSE_BREAKPOINT;
            end
            INSN_MRET: exec_o = EXEC_MRET;
            INSN_WFI:  exec_o = EXEC_WFI;
            default:   legal  = 1'b0;
          endcase
        end
      end

      OPCODE_CONV: begin
        exec_o      = EXEC_CONV;
        operand_b_o = B_RS2;
        reads_rs1_o = 1'b1;
        reads_rs2_o = 1'b1;
        rd          = 1'b1;
      end

      default: begin
        legal = 1'b0;
        if (FLOAT) begin
          case (opcode)
            OPCODE_LOAD_FP: begin
              exec_o      = EXEC_LOAD;
              reads_rs1_o = 1'b1;
              rd          = 1'b1;
              rd_float_o  = 1'b1;
              legal       = funct3 == 3'b010;
            end

            OPCODE_STORE_FP: begin
              exec_o      = EXEC_STORE;
              imm_o       = imm_s;
              reads_rs1_o = 1'b1;
              reads_rs2_o = 1'b1;
              rs2_float_o = 1'b1;
              legal       = funct3 == 3'b010;
            end

            OPCODE_MADD, OPCODE_MSUB, OPCODE_NMSUB, OPCODE_NMADD: begin
              exec_o      = EXEC_FPU;
              operand_b_o = B_RS2;
              reads_rs1_o = 1'b1;
              reads_rs2_o = 1'b1;
              reads_rs3_o = 1'b1;
              rs1_float_o = 1'b1;
              rs2_float_o = 1'b1;
              rd          = 1'b1;
              rd_float_o  = 1'b1;
              legal       = single;
              case (opcode)
                OPCODE_MADD:  fpu_op_o = FPU_MADD;
                OPCODE_MSUB:  fpu_op_o = FPU_MSUB;
                OPCODE_NMSUB: fpu_op_o = FPU_NMSUB;
                default:      fpu_op_o = FPU_NMADD;
              endcase
            end

            OPCODE_OP_FP: begin
              exec_o      = EXEC_FPU;
              operand_b_o = B_RS2;
              reads_rs1_o = 1'b1;
              reads_rs2_o = !unary;
              rs1_float_o = 1'b1;
              rs2_float_o = 1'b1;
              rd          = 1'b1;
              rd_float_o  = 1'b1;
              legal       = single;
              case (funct7[6:2])
                5'b00000: fpu_op_o = FPU_ADD;
                5'b00001: fpu_op_o = FPU_SUB;
                5'b00010: fpu_op_o = FPU_MUL;
                5'b00011: fpu_op_o = FPU_DIV;
                5'b00100: begin
                  fpu_op_o = funct3[1] ? FPU_SGNJX : funct3[0] ? FPU_SGNJN : FPU_SGNJ;
                  legal    = single && funct3 <= 3'b010;
                end
                5'b00101: begin
                  fpu_op_o = funct3[0] ? FPU_MAX : FPU_MIN;
                  legal    = single && funct3 <= 3'b001;
                end
                5'b01011: begin
                  fpu_op_o = FPU_SQRT;
                  legal    = single && rs2 == 5'd0;
                end
                5'b10100: begin
                  fpu_op_o   = funct3[1] ? FPU_EQ : funct3[0] ? FPU_LT : FPU_LE;
                  rd_float_o = 1'b0;
                  legal      = single && funct3 <= 3'b010;
                end
                5'b11000: begin
                  fpu_op_o   = rs2[0] ? FPU_CVT_WU_S : FPU_CVT_W_S;
                  rd_float_o = 1'b0;
                  legal      = single && rs2 <= 5'd1;
                end
                5'b11010: begin
                  fpu_op_o    = rs2[0] ? FPU_CVT_S_WU : FPU_CVT_S_W;
                  rs1_float_o = 1'b0;
                  legal       = single && rs2 <= 5'd1;
                end
                5'b11100: begin
                  fpu_op_o   = funct3[0] ? FPU_CLASS : FPU_MV;
                  rd_float_o = 1'b0;
                  legal      = single && rs2 == 5'd0 && funct3 <= 3'b001;
                end
                5'b11110: begin
                  fpu_op_o    = FPU_MV;
                  rs1_float_o = 1'b0;
                  legal       = single && rs2 == 5'd0 && funct3 == 3'b000;
                end
                default: legal = 1'b0;
              endcase
            end

            default: ;
          endcase
          float_o = legal;
        end
      end
    endcase

    if (fault_i || illegal_i || !legal) begin
      exec_o      = EXEC_EXCEPTION;
      cause_o     = fault_i ? CAUSE_INSTR_ACCESS : CAUSE_ILLEGAL;
      jump_o      = JUMP_NONE;
      rd          = 1'b0;
      reads_rs1_o = 1'b0;
      reads_rs2_o = 1'b0;
      reads_rs3_o = 1'b0;
      float_o     = 1'b0;
    end
  end

  assign writes_rd_o = rd && (rd_float_o || insn_i[11:7] != 5'd0);

endmodule

`default_nettype wire
