// SPDX-License-Identifier: MIT OR Apache-2.0
// EX: executes, or starts loads and stores; decides branches, exceptions and interrupts.
//
// An instruction here may be killed by a bus error of the one in WB. What cannot be undone waits
// until that is excluded: core_lsu sees to it for loads and stores, wb_ready_i for the others.
`default_nettype none

module core_ex #(
  parameter bit FLOAT = 0                        // with RV32F
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  // From ID: an instruction with its operands enters.
  input  wire logic                 id_advance_i,
  output wire logic                 ready_o,
  input  wire core_pkg::exec_e      id_exec_i,
  input  wire core_pkg::alu_e       id_alu_i,
  input  wire logic [2:0]           id_funct3_i,
  input  wire logic [31:0]          id_a_i,
  input  wire logic [31:0]          id_b_i,
  input  wire logic [31:0]          id_c_i,          // target of a branch, data of a store, rs3
  input  wire logic [5:0]           id_rd_i,         // bit 5: a float register
  input  wire logic                 id_writes_i,     // rd, which is not x0
  input  wire logic [31:0]          id_pc_i,
  input  wire logic [31:0]          id_raw_i,        // the instruction as it is in memory
  input  wire logic                 id_compressed_i,
  input  wire logic                 id_jump_i,
  input  wire logic [4:0]           id_cause_i,      // of EXEC_EXCEPTION
  input  wire logic                 id_fault_upper_i,
  input  wire logic                 id_float_i,      // an instruction of RV32F
  input  wire fpu_pkg::op_e         id_fpu_op_i,     // of EXEC_FPU

  // The instruction, for ID, core_lsu, core_csr and WB; valid where nothing else is said.
  output wire logic        writes_o,         // it is to write rd_o
  output wire logic [5:0]  rd_o,
  output      logic [31:0] result_o,         // not with late_o; with retire_o
  output wire logic        late_o,           // the result comes in WB: of a load, or fpu_late_o
  output wire logic        load_o,
  output wire logic        store_o,
  output wire logic        csr_o,
  output wire logic        branch_o,
  output wire logic        taken_o,          // a branch is
  output wire logic        jump_o,           // ID or EX does
  output wire logic        compressed_o,
  output wire logic [2:0]  funct3_o,
  output wire logic [31:0] addr_o,           // of a load or store
  output wire logic [31:0] wdata_o,          // of a store
  output wire logic [31:0] operand_o,        // of a CSR instruction
  output wire logic [31:0] pc_o,
  output wire logic [31:0] raw_o,

  // WB.
  input  wire logic        wb_valid_i,
  input  wire logic        wb_ready_i,
  input  wire logic        wb_access_i,      // a load or store is there
  input  wire logic        wb_failed_i,      // it failed: the instruction here is killed
  output wire logic        retire_o,         // the instruction goes on to WB

  // Floats: see fpu, and core_csr.
  input  wire logic        float_off_i,
  input  wire logic [2:0]  frm_i,
  output wire logic        fpu_late_o,
  output wire logic [4:0]  fflags_o,         // of an early operation, else 0
  output wire logic [31:0] fpu_result_o,     // of the late operation in WB, and its flags
  output wire logic [4:0]  fpu_fflags_o,

  // Loads and stores: see core_lsu.
  input  wire logic        lsu_done_i,
  input  wire logic        lsu_fault_i,

  // CSRs, traps and interrupts: see core_csr.
  input  wire logic [31:0] csr_rdata_i,
  input  wire logic        csr_illegal_i,
  input  wire logic        csr_waits_i,
  input  wire logic [2:0]  mip_i,
  output wire logic [2:0]  decision_mip_o,
  input  wire logic        irq_i,
  input  wire logic        wakeup_i,
  output      logic        exception_o,      // with retire_o: it traps
  output      logic [4:0]  cause_o,          // with exception_o
  output      logic [31:0] tval_o,           // with exception_o
  output wire logic        interrupted_o,    // an interrupt takes the place of the instruction
  output wire logic        return_o,         // mret
  output wire logic        wfi_o,

  // Flow: the stages before are emptied, and IF goes to the handler, or to mepc, or to the target.
  output wire logic        redirect_o,
  input  wire logic [31:0] vector_i,
  input  wire logic [31:0] mepc_i,
  output wire logic [31:0] target_o,

  // For counters.
  output wire logic        arithmetic_wait_o,
  output wire logic        unit_wait_o,

  // Coprocessor: see core.
  output wire logic        x_issue_valid_o,
  output wire logic [31:0] x_issue_instr_o,
  output wire logic [31:0] x_issue_rs1_o,
  output wire logic [31:0] x_issue_rs2_o,
  input  wire logic        x_result_valid_i,
  output wire logic        x_result_ready_o,
  input  wire logic [31:0] x_result_data_i,
  input  wire logic        x_result_exc_i,
  input  wire logic [5:0]  x_result_exccode_i
);

  import core_pkg::*;

  // ---- Instruction ---------------------------------------------------------------------------

  logic        valid_q;
  logic        first_q;         // the first cycle of the instruction here
  exec_e       exec_q;
  alu_e        alu_q;
  logic [2:0]  funct3_q;
  logic [31:0] a_q, b_q, c_q, pc_q, raw_q;
  logic [5:0]  rd_q;
  logic [4:0]  cause_q;
  logic        writes_q, compressed_q, jump_q, fault_upper_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      first_q <= 1'b0;
    end else begin
      first_q <= id_advance_i;
      if (wb_failed_i)  valid_q <= 1'b0;
      else if (ready_o) valid_q <= id_advance_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (id_advance_i) begin
      exec_q        <= id_exec_i;
      alu_q         <= id_alu_i;
      funct3_q      <= id_funct3_i;
      a_q           <= id_a_i;
      b_q           <= id_b_i;
      c_q           <= id_c_i;
      rd_q          <= id_rd_i;
      writes_q      <= id_writes_i;
      pc_q          <= id_pc_i;
      raw_q         <= id_raw_i;
      compressed_q  <= id_compressed_i;
      jump_q        <= id_jump_i;
      cause_q       <= id_cause_i;
      fault_upper_q <= id_fault_upper_i;
    end
  end

  // ---- Interrupts ----------------------------------------------------------------------------

  // They are decided in the first cycle of an instruction, before it has any effect.
  logic [2:0] mip_q;
  always_ff @(posedge clk_i) begin
    if (first_q) mip_q <= mip_i;
  end

  assign decision_mip_o = first_q ? mip_i : mip_q;

  wire logic go = valid_q && !irq_i;     // the instruction is executed

  assign interrupted_o = valid_q && irq_i && !wb_access_i;

  // ---- Units ---------------------------------------------------------------------------------

  wire logic mulh = go && exec_q == EXEC_MULH;
  wire logic div  = go && exec_q == EXEC_DIV;

  wire logic float_illegal;

  assign load_o   = go && exec_q == EXEC_LOAD && !float_illegal;
  assign store_o  = go && exec_q == EXEC_STORE && !float_illegal;
  assign csr_o    = go && exec_q == EXEC_CSR;
  assign branch_o = go && exec_q == EXEC_BRANCH;
  assign wfi_o    = go && exec_q == EXEC_WFI;

  wire logic [31:0] alu_result, mul_result, mulh_result, div_result;
  wire logic        mulh_done, div_done;

  core_alu u_alu (
    .operator_i  (alu_q),
    .a_i         (a_q),
    .b_i         (b_q),
    .result_o    (alu_result),
    .compare_i   (branch_o),
    .condition_i (funct3_q),
    .taken_o
  );

  core_multiplier u_multiplier (
    .clk_i, .rst_ni,
    .mul_i       (exec_q == EXEC_MUL),
    .mulh_i      (mulh),
    .flush_i     (wb_failed_i),
    .taken_i     (retire_o),
    .funct3_i    (funct3_q[1:0]),
    .a_i         (a_q),
    .b_i         (b_q),
    .mulh_done_o (mulh_done),
    .mul_o       (mul_result),
    .mulh_o      (mulh_result)
  );

  core_divider u_divider (
    .clk_i, .rst_ni,
    .start_i  (div),
    .flush_i  (wb_failed_i),
    .taken_i  (retire_o),
    .funct3_i (funct3_q[1:0]),
    .a_i      (a_q),
    .b_i      (b_q),
    .done_o   (div_done),
    .result_o (div_result)
  );

  wire logic        fpu, fpu_done;
  wire logic [31:0] fpu_early;

  if (FLOAT) begin : gen_float
    logic         float_q;
    fpu_pkg::op_e op_q;

    always_ff @(posedge clk_i) begin
      if (id_advance_i) float_q <= id_float_i;
      if (id_advance_i && id_float_i) op_q <= id_fpu_op_i;
    end

    // What rounds is late, and nothing else is.
    wire logic       rounds   = exec_q == EXEC_FPU && !fpu_pkg::early(op_q);
    wire logic [2:0] rounding = funct3_q == 3'd7 ? frm_i : funct3_q;

    assign float_illegal = float_q && (float_off_i || (rounds && rounding > fpu_pkg::RMM));
    assign fpu           = go && exec_q == EXEC_FPU && !float_illegal;
    assign fpu_late_o    = fpu && rounds;

    fpu u_fpu (
      .clk_i, .rst_ni,
      .valid_i        (fpu),
      .op_i           (op_q),
      .rm_i           (rounding),
      .a_i            (a_q),
      .b_i            (b_q),
      .c_i            (c_q),
      .flush_i        (wb_failed_i),
      .taken_i        (fpu && retire_o),
      .done_o         (fpu_done),
      .early_result_o (fpu_early),
      .early_flags_o  (fflags_o),
      .result_o       (fpu_result_o),
      .flags_o        (fpu_fflags_o)
    );
  end else begin : gen_integer
    assign float_illegal = 1'b0;
    assign fpu           = 1'b0;
    assign fpu_done      = 1'b1;
    assign fpu_late_o    = 1'b0;
    assign fpu_early     = '0;
    assign fflags_o      = '0;
    assign fpu_result_o  = '0;
    assign fpu_fflags_o  = '0;

    wire logic unused_float = ^{id_float_i, id_fpu_op_i, float_off_i, frm_i};
  end

  assign late_o = load_o || fpu_late_o;

  // The coprocessor sees an instruction when nothing older can trap any more.
  assign x_issue_valid_o  = go && exec_q == EXEC_CONV && !wb_access_i;
  assign x_issue_instr_o  = raw_q;
  assign x_issue_rs1_o    = a_q;
  assign x_issue_rs2_o    = b_q;
  assign x_result_ready_o = x_issue_valid_o && x_result_valid_i;

  // mcause has five bits.
  wire logic unused_exccode = x_result_exccode_i[5];

  always_comb begin
    case (exec_q)
      EXEC_MUL:  result_o = mul_result;
      EXEC_MULH: result_o = mulh_result;
      EXEC_DIV:  result_o = div_result;
      EXEC_CSR:  result_o = csr_rdata_i;
      EXEC_CONV: result_o = x_result_data_i;
      default:   result_o = alu_result;
    endcase
    if (FLOAT && exec_q == EXEC_FPU) result_o = fpu_early;
  end

  assign writes_o     = valid_q && writes_q;
  assign rd_o         = {FLOAT && rd_q[5], rd_q[4:0]};
  assign jump_o       = jump_q || return_o;
  assign compressed_o = compressed_q;
  assign funct3_o     = funct3_q;
  assign addr_o       = alu_result;
  assign wdata_o      = c_q;
  assign operand_o    = a_q;
  assign pc_o         = pc_q;
  assign raw_o        = raw_q;

  assign arithmetic_wait_o = (mulh && !mulh_done) || (div && !div_done) || (fpu && !fpu_done);
  assign unit_wait_o       = x_issue_valid_o && !x_result_valid_i;

  // ---- Exceptions ----------------------------------------------------------------------------

  always_comb begin
    exception_o = 1'b0;
    cause_o     = CAUSE_ILLEGAL;
    tval_o      = raw_q;
    if (go) begin
      case (exec_q)
        EXEC_EXCEPTION: begin
          exception_o = 1'b1;
          cause_o     = cause_q;
          case (cause_q)
            CAUSE_INSTR_ACCESS: tval_o = pc_q + (fault_upper_q ? 32'd2 : 32'd0);
            CAUSE_BREAKPOINT:   tval_o = pc_q;
            CAUSE_ECALL_M:      tval_o = '0;
            default: ;
          endcase
        end
        EXEC_CSR: exception_o = csr_illegal_i;
        EXEC_LOAD, EXEC_STORE: begin   // the first half of one that crosses words
          exception_o = lsu_fault_i;
          cause_o     = exec_q == EXEC_LOAD ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS;
          tval_o      = alu_result;
        end
        EXEC_CONV: begin
          exception_o = x_result_ready_o && x_result_exc_i;
          cause_o     = x_result_exccode_i[4:0];
          if (cause_o != CAUSE_ILLEGAL) tval_o = b_q;
        end
        default: ;
      endcase
      if (float_illegal) begin
        exception_o = 1'b1;
        cause_o     = CAUSE_ILLEGAL;
        tval_o      = raw_q;
      end
    end
  end

  // ---- Completion ----------------------------------------------------------------------------

  logic done;
  always_comb begin
    case (exec_q)
      EXEC_MULH:             done = mulh_done;
      EXEC_DIV:              done = div_done;
      EXEC_LOAD, EXEC_STORE: done = lsu_done_i;
      EXEC_CSR:              done = !csr_waits_i || !wb_valid_i;
      EXEC_CONV:             done = x_result_ready_o;
      EXEC_MRET:             done = !wb_access_i;
      EXEC_WFI:              done = wakeup_i;
      default:               done = 1'b1;
    endcase
    if (fpu) done = fpu_done;
    // A trap redirects; the address of an instruction does not depend on an answer of the data port.
    if (exception_o) done = !wb_access_i;
  end

  assign retire_o = go && done && wb_ready_i;
  assign ready_o  = !valid_q || retire_o || interrupted_o;

  // ---- Flow ----------------------------------------------------------------------------------

  wire logic trap = interrupted_o || (exception_o && retire_o);

  assign return_o   = retire_o && exec_q == EXEC_MRET;
  assign redirect_o = trap || return_o || (taken_o && first_q);
  assign target_o   = trap ? vector_i : exec_q == EXEC_MRET ? mepc_i : c_q;

  // ---- Assertions ----------------------------------------------------------------------------

`ifndef SYNTHESIS
  logic        issued_q;        // and not answered
  logic [95:0] issue_q;

  always_ff @(posedge clk_i) begin
    issued_q <= rst_ni && x_issue_valid_o && !x_result_valid_i;
    if (x_issue_valid_o) issue_q <= {x_issue_instr_o, x_issue_rs1_o, x_issue_rs2_o};
    if (rst_ni) begin
      IssueHeldUntilResult: assert (!issued_q || (x_issue_valid_o &&
                                    issue_q == {x_issue_instr_o, x_issue_rs1_o, x_issue_rs2_o}))
        else $error("an issued instruction changed before its result");
      ResultWasAskedFor: assert (!x_result_valid_i || x_issue_valid_o)
        else $error("x_result_valid_i without an issued instruction");
      NothingOlderCanTrap: assert (!(trap || return_o || x_issue_valid_o) || !wb_access_i)
        else $error("a trap, mret or issue while an older access may fail");
      KilledHasNoEffect: assert (!wb_failed_i || !(retire_o || interrupted_o))
        else $error("an instruction goes on behind a bus error");
      ExceptionWritesNothing: assert (!(exception_o && (exec_q == EXEC_LOAD ||
                                        exec_q == EXEC_STORE)) || !lsu_done_i)
        else $error("a load or store goes on though its first half failed");
    end
  end
`endif

endmodule

`default_nettype wire
