// SPDX-License-Identifier: MIT OR Apache-2.0
// ID: decodes, reads the registers, waits for what is not there yet, and jumps.
`default_nettype none

module core_id #(
  parameter bit FLOAT = 0                       // with RV32F
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  // From IF, in a cycle with fetch_valid_i and ready_o: see core_fetch.
  input  wire logic        fetch_valid_i,
  output wire logic        ready_o,
  input  wire logic [31:0] fetch_pc_i,
  input  wire logic [31:0] fetch_raw_i,
  input  wire logic        fetch_compressed_i,
  input  wire logic [31:0] fetch_insn_i,
  input  wire logic        fetch_illegal_i,
  input  wire logic        fetch_fault_i,
  input  wire logic        fetch_fault_upper_i,

  // To EX, in the cycle with advance_o: see core_ex.
  output wire logic                 advance_o,
  input  wire logic                 ex_ready_i,
  output wire core_pkg::exec_e      exec_o,
  output wire core_pkg::alu_e       alu_o,
  output wire logic [2:0]           funct3_o,
  output      logic [31:0]          a_o,
  output      logic [31:0]          b_o,
  output      logic [31:0]          c_o,
  output wire logic [5:0]           rd_o,          // bit 5 of a register: it is a float one
  output wire logic                 writes_o,
  output wire logic [31:0]          pc_o,
  output wire logic [31:0]          raw_o,
  output wire logic                 compressed_o,
  output wire logic                 jump_o,
  output wire logic [4:0]           cause_o,
  output wire logic                 fault_upper_o,
  output wire logic                 float_o,
  output wire fpu_pkg::op_e         fpu_op_o,

  // Flow: later stages empty this one; a jump redirects IF, a cycle after its register is written.
  input  wire logic        flush_i,
  output wire logic        redirect_o,
  output wire logic [31:0] target_o,

  // What EX and WB are to write, to x0 never.
  input  wire logic        ex_writes_i,
  input  wire logic [5:0]  ex_rd_i,
  input  wire logic        ex_late_i,        // a load is in EX, or what else has its result in WB
  input  wire logic        ex_access_i,      // a load or store is
  input  wire logic [31:0] ex_result_i,      // not with ex_late_i
  input  wire logic        wb_writes_i,
  input  wire logic [5:0]  wb_rd_i,
  input  wire logic        wb_access_i,      // a load or store is in WB
  input  wire logic        wb_late_i,        // what was ex_late_i in EX is
  input  wire logic        wb_done_i,        // WB writes in this cycle
  input  wire logic [31:0] wb_result_i,      // not with wb_late_i
  input  wire logic [31:0] wb_wdata_i,       // with wb_done_i, not with wb_rounds_i
  input  wire logic        wb_rounds_i,      // it is fpu_result_i that WB writes
  input  wire logic [31:0] fpu_result_i,

  // For counters.
  output wire logic        empty_o,          // IF has not delivered
  output wire logic        load_use_o,       // this cycle is lost to ex_late_i
  output wire logic        jump_register_o,  // jalr waits for its register

  // For RVFI, with advance_o.
  output wire logic [5:0]  rs1_addr_o,       // 0 if it is not read
  output wire logic [5:0]  rs2_addr_o,
  output wire logic [5:0]  rs3_addr_o,
  output wire logic [31:0] rs1_o,
  output wire logic [31:0] rs2_o,
  output wire logic [31:0] rs3_o,
  output wire logic [31:0] next_pc_o
);

  import core_pkg::*;

  // ---- Instruction ---------------------------------------------------------------------------

  logic        valid_q;
  logic [31:0] pc_q, raw_q, insn_q;
  logic        compressed_q, illegal_q, fault_q, fault_upper_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      valid_q <= 1'b0;
    else if (flush_i) valid_q <= 1'b0;
    else if (ready_o) valid_q <= fetch_valid_i;
  end

  always_ff @(posedge clk_i) begin
    if (fetch_valid_i && ready_o) begin
      pc_q          <= fetch_pc_i;
      raw_q         <= fetch_fault_i ? '0 : fetch_raw_i;
      insn_q        <= fetch_insn_i;
      compressed_q  <= fetch_compressed_i;
      illegal_q     <= fetch_illegal_i;
      fault_q       <= fetch_fault_i;
      fault_upper_q <= fetch_fault_upper_i;
    end
  end

  jump_e            jump;
  operand_a_e       operand_a;
  operand_b_e       operand_b;
  wire logic [31:0] imm;
  wire logic        reads_rs1, reads_rs2, reads_rs3;
  wire logic        rs1_float, rs2_float, rd_float;

  core_decode #(
    .FLOAT (FLOAT)
  ) u_decode (
    .insn_i      (insn_q),
    .illegal_i   (illegal_q),
    .fault_i     (fault_q),
    .exec_o,
    .cause_o,
    .jump_o      (jump),
    .alu_o,
    .operand_a_o (operand_a),
    .operand_b_o (operand_b),
    .imm_o       (imm),
    .reads_rs1_o (reads_rs1),
    .reads_rs2_o (reads_rs2),
    .writes_rd_o (writes_o),
    .float_o,
    .fpu_op_o,
    .rs1_float_o (rs1_float),
    .rs2_float_o (rs2_float),
    .reads_rs3_o (reads_rs3),
    .rd_float_o  (rd_float)
  );

  // Bit 5 is a constant without floats, in each module, so that synthesis drops it there.
  wire logic [5:0] rs1_addr = {FLOAT && rs1_float, insn_q[19:15]};
  wire logic [5:0] rs2_addr = {FLOAT && rs2_float, insn_q[24:20]};
  wire logic [5:0] rs3_addr = {FLOAT, insn_q[31:27]};

  // ---- Registers and forwarding --------------------------------------------------------------

  wire logic [31:0] rf_rs1, rf_rs2, rf_rs3;
  wire logic [31:0] integers [2];
  wire logic [31:0] wdata = FLOAT && wb_rounds_i ? fpu_result_i : wb_wdata_i;

  core_regfile u_regfile (
    .clk_i, .rst_ni,
    .raddr_i ('{rs1_addr[4:0], rs2_addr[4:0]}),
    .rdata_o (integers),
    .we_i    (wb_writes_i && wb_done_i && !(FLOAT && wb_rd_i[5])),
    .waddr_i (wb_rd_i[4:0]),
    .wdata_i (wdata)
  );

  if (FLOAT) begin : gen_float
    wire logic [31:0] floats [3];

    core_regfile #(
      .READS (3),
      .FLOAT (1)
    ) u_regfile (
      .clk_i, .rst_ni,
      .raddr_i ('{rs1_addr[4:0], rs2_addr[4:0], rs3_addr[4:0]}),
      .rdata_o (floats),
      .we_i    (wb_writes_i && wb_done_i && wb_rd_i[5]),
      .waddr_i (wb_rd_i[4:0]),
      .wdata_i (wdata)
    );

    assign rf_rs1 = rs1_float ? floats[0] : integers[0];
    assign rf_rs2 = rs2_float ? floats[1] : integers[1];
    assign rf_rs3 = floats[2];
  end else begin : gen_integer
    assign rf_rs1 = integers[0];
    assign rf_rs2 = integers[1];
    assign rf_rs3 = '0;
  end

  wire logic [5:0] ex_rd = {FLOAT && ex_rd_i[5], ex_rd_i[4:0]};
  wire logic [5:0] wb_rd = {FLOAT && wb_rd_i[5], wb_rd_i[4:0]};

  wire logic rs1_from_ex = ex_writes_i && ex_rd == rs1_addr;
  wire logic rs2_from_ex = ex_writes_i && ex_rd == rs2_addr;
  wire logic rs3_from_ex = FLOAT && ex_writes_i && ex_rd == rs3_addr;
  wire logic rs1_from_wb = wb_writes_i && wb_rd == rs1_addr;
  wire logic rs2_from_wb = wb_writes_i && wb_rd == rs2_addr;
  wire logic rs3_from_wb = FLOAT && wb_writes_i && wb_rd == rs3_addr;

  // A result that WB rounds comes too late for these: the operands below take it themselves.
  wire logic rs1_rounded = FLOAT && wb_rounds_i && rs1_from_wb && !rs1_from_ex;
  wire logic rs2_rounded = FLOAT && wb_rounds_i && rs2_from_wb && !rs2_from_ex;
  wire logic rs3_rounded = FLOAT && wb_rounds_i && rs3_from_wb && !rs3_from_ex;

  wire logic [31:0] rs1 = rs1_from_ex ? ex_result_i : rs1_from_wb ? wb_wdata_i : rf_rs1;
  wire logic [31:0] rs2 = rs2_from_ex ? ex_result_i : rs2_from_wb ? wb_wdata_i : rf_rs2;
  wire logic [31:0] rs3 = rs3_from_ex ? ex_result_i : rs3_from_wb ? wb_wdata_i : rf_rs3;

  wire logic needs_ex = (reads_rs1 && rs1_from_ex) || (reads_rs2 && rs2_from_ex) ||
                        (FLOAT && reads_rs3 && rs3_from_ex);
  wire logic needs_wb = (reads_rs1 && rs1_from_wb) || (reads_rs2 && rs2_from_wb) ||
                        (FLOAT && reads_rs3 && rs3_from_wb);

  wire logic late_waits = (needs_ex && ex_late_i) || (needs_wb && !wb_done_i);

  // ---- Jumps ---------------------------------------------------------------------------------

  // The target goes straight to the instruction port: it does not depend on what EX computes, or
  // the data port answers, in this cycle. fence.i jumps to the next instruction, after all stores.
  wire logic jalr_waits  = jump == JUMP_JALR && (rs1_from_ex || (rs1_from_wb && wb_late_i));
  wire logic fence_waits = jump == JUMP_FENCE_I && (ex_access_i || wb_access_i);
  wire logic jump_waits  = jalr_waits || fence_waits;

  wire logic [31:0] base = jump != JUMP_JALR ? pc_q : rs1_from_wb ? wb_result_i : rf_rs1;

  assign target_o = (base + imm) & ~32'd1;   // of branches too

  logic jumped_q;               // the jump has redirected, and waits for EX

  assign redirect_o = valid_q && jump != JUMP_NONE && !jump_waits && !jumped_q && !flush_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) jumped_q <= 1'b0;
    else         jumped_q <= (redirect_o || jumped_q) && !advance_o && !flush_i;
  end

  // ---- To EX ---------------------------------------------------------------------------------

  assign advance_o = valid_q && !late_waits && (!jump_waits || jumped_q) && ex_ready_i && !flush_i;
  assign ready_o   = !valid_q || advance_o;

  wire logic a_rounded = rs1_rounded && operand_a == A_RS1;
  wire logic b_rounded = rs2_rounded && operand_b == B_RS2;
  wire logic c_rounded = exec_o != EXEC_BRANCH && (reads_rs3 ? rs3_rounded : rs2_rounded);

  wire logic [31:0] length = compressed_q ? 32'd2 : 32'd4;

  always_comb begin
    case (operand_a)
      A_PC:    a_o = pc_q;
      A_ZERO:  a_o = '0;
      A_UIMM:  a_o = {27'b0, rs1_addr[4:0]};
      default: a_o = rs1;
    endcase
    case (operand_b)
      B_IMM:    b_o = imm;
      B_LENGTH: b_o = length;
      default:  b_o = rs2;
    endcase
    c_o = exec_o == EXEC_BRANCH ? target_o : FLOAT && reads_rs3 ? rs3 : rs2;

    if (a_rounded) a_o = fpu_result_i;
    if (b_rounded) b_o = fpu_result_i;
    if (c_rounded) c_o = fpu_result_i;
  end

  assign funct3_o      = insn_q[14:12];
  assign rd_o          = {FLOAT && rd_float, insn_q[11:7]};
  assign pc_o          = pc_q;
  assign raw_o         = raw_q;
  assign compressed_o  = compressed_q;
  assign jump_o        = jump != JUMP_NONE;
  assign fault_upper_o = fault_upper_q;

  assign empty_o         = !valid_q;
  assign load_use_o      = valid_q && needs_ex && ex_late_i && ex_ready_i;
  assign jump_register_o = valid_q && jalr_waits;

  assign rs1_addr_o = reads_rs1 ? rs1_addr : '0;
  assign rs2_addr_o = reads_rs2 ? rs2_addr : '0;
  assign rs3_addr_o = reads_rs3 ? rs3_addr : '0;
  assign rs1_o      = rs1_rounded ? fpu_result_i : rs1;
  assign rs2_o      = rs2_rounded ? fpu_result_i : rs2;
  assign rs3_o      = rs3_rounded ? fpu_result_i : rs3;
  assign next_pc_o  = jump_o ? target_o : pc_q + length;

endmodule

`default_nettype wire
