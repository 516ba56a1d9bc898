// The core: RV32IMC, machine mode, four stages, in order.
//
// IF fetches and expands, ID decodes, reads registers and jumps, EX executes, WB writes one register
// and retires. docs/core.md has the diagrams of the pipeline and the cycle table.
`default_nettype none

module core #(
  parameter logic [31:0] BOOT_ADDR = 32'h8000_0000   // pc after reset
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  // Instruction port, OBI, read only: request and address hold until the grant, which may come
  // without a request; the answer (with its error) comes one cycle or more after the grant, in
  // order. Up to two accesses are outstanding. Addresses are multiples of 4.
  output wire logic        instr_req_o,
  input  wire logic        instr_gnt_i,
  output wire logic [31:0] instr_addr_o,
  input  wire logic        instr_rvalid_i,
  input  wire logic        instr_err_i,        // with instr_rvalid_i
  input  wire logic [31:0] instr_rdata_i,

  // Data port, OBI, the same rules; stores are answered too. One access is outstanding: a request
  // begins in a cycle in which none is, or in which the answer to it arrives and is good. That
  // makes bus errors precise. It is the one path from an answer to a request.
  output wire logic        data_req_o,
  input  wire logic        data_gnt_i,
  output wire logic [31:0] data_addr_o,        // a multiple of 4
  output wire logic        data_we_o,
  output wire logic [3:0]  data_be_o,
  output wire logic [31:0] data_wdata_o,
  input  wire logic        data_rvalid_i,
  input  wire logic        data_err_i,         // with data_rvalid_i
  input  wire logic [31:0] data_rdata_i,

  // Interrupt lines, level: a request stays until software has answered it.
  input  wire logic        irq_software_i,
  input  wire logic        irq_timer_i,
  input  wire logic        irq_external_i,

  // Custom instructions, after CV-X-IF: an instruction of core_pkg::OPCODE_CONV that is certain to
  // be executed, with its operands, all stable until the result. The result may come in the same
  // cycle, as a function of the issue; it is taken in the cycle in which it is valid.
  output wire logic        x_issue_valid_o,
  output wire logic [31:0] x_issue_instr_o,
  output wire logic [31:0] x_issue_rs1_o,
  output wire logic [31:0] x_issue_rs2_o,
  input  wire logic        x_result_valid_i,
  output wire logic        x_result_ready_o,   // high in the cycle in which the result is taken
  input  wire logic [31:0] x_result_data_i,
  input  wire logic        x_result_exc_i,     // instead of the data: an exception
  input  wire logic [5:0]  x_result_exccode_i, // core_pkg::CAUSE_*; tval: the instruction or rs2

  // Reads of the coprocessor while its instruction is issued, OBI: they go to the data port.
  input  wire logic        x_mem_req_i,
  output wire logic        x_mem_gnt_o,
  input  wire logic [31:0] x_mem_addr_i,       // a multiple of 4
  output wire logic        x_mem_rvalid_o,
  output wire logic        x_mem_err_o,
  output wire logic [31:0] x_mem_rdata_o,

  // A counter for observers: 0 mcycle, 2 minstret, 3 to 14 mhpmcounter3 to 14, combinational.
  input  wire logic [3:0]  perf_select_i,
  output wire logic [63:0] perf_o,

  // RISC-V Formal Interface, registered: one retired instruction a cycle. See core_rvfi.
  output wire logic        rvfi_valid_o,
  output wire logic [63:0] rvfi_order_o,
  output wire logic [31:0] rvfi_insn_o,
  output wire logic        rvfi_trap_o,
  output wire logic        rvfi_intr_o,
  output wire logic [31:0] rvfi_pc_rdata_o,
  output wire logic [31:0] rvfi_pc_wdata_o,
  output wire logic [4:0]  rvfi_rs1_addr_o,
  output wire logic [4:0]  rvfi_rs2_addr_o,
  output wire logic [31:0] rvfi_rs1_rdata_o,
  output wire logic [31:0] rvfi_rs2_rdata_o,
  output wire logic [4:0]  rvfi_rd_addr_o,
  output wire logic [31:0] rvfi_rd_wdata_o,
  output wire logic [31:0] rvfi_mem_addr_o,
  output wire logic [3:0]  rvfi_mem_rmask_o,
  output wire logic [3:0]  rvfi_mem_wmask_o,
  output wire logic [31:0] rvfi_mem_rdata_o,
  output wire logic [31:0] rvfi_mem_wdata_o,
  output wire logic [31:0] rvfi_ext_mip_o,
  output wire logic [31:0] rvfi_ext_cause_o
);

  import core_pkg::*;

  // Low in the first cycle after the reset only.
  logic running_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) running_q <= 1'b0;
    else         running_q <= 1'b1;
  end

  // What the stages tell each other. A redirection of EX or WB empties the stages before it.
  wire logic        id_redirect, ex_redirect, wb_failed;
  wire logic        id_advance, id_ready, ex_ready, ex_retire, wb_ready;
  wire logic [31:0] id_target, ex_target;

  wire logic flush    = ex_redirect || wb_failed;
  wire logic redirect = flush || id_redirect;

  // ---- IF ------------------------------------------------------------------------------------

  wire logic        fetch_valid, fetch_compressed, fetch_fault, fetch_fault_upper;
  wire logic [31:0] fetch_pc, fetch_insn, expanded;
  wire logic        expand_illegal;

  core_fetch #(
    .BOOT_ADDR (BOOT_ADDR)
  ) u_fetch (
    .clk_i, .rst_ni,
    .enable_i      (running_q),
    .redirect_i    (redirect),
    .target_i      (flush ? ex_target : id_target),
    .valid_o       (fetch_valid),
    .ready_i       (id_ready),
    .pc_o          (fetch_pc),
    .insn_o        (fetch_insn),
    .compressed_o  (fetch_compressed),
    .fault_o       (fetch_fault),
    .fault_upper_o (fetch_fault_upper),
    .instr_req_o, .instr_gnt_i, .instr_addr_o, .instr_rvalid_i, .instr_err_i, .instr_rdata_i
  );

  wire logic fetched = fetch_valid && id_ready;

  core_expand u_expand (
    .enable_i  (fetched && fetch_compressed),
    .insn_i    (fetch_insn[15:0]),
    .insn_o    (expanded),
    .illegal_o (expand_illegal)
  );

  logic        id_valid_q;
  logic [31:0] id_pc_q;
  logic [31:0] id_raw_q;              // as it is in memory
  logic [31:0] id_insn_q;             // expanded
  logic        id_compressed_q, id_illegal_q, id_fault_q, id_fault_upper_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)       id_valid_q <= 1'b0;
    else if (flush)    id_valid_q <= 1'b0;
    else if (id_ready) id_valid_q <= fetch_valid;
  end

  always_ff @(posedge clk_i) begin
    if (fetched) begin
      id_pc_q          <= fetch_pc;
      id_raw_q         <= fetch_fault ? '0 : fetch_insn;
      id_insn_q        <= fetch_compressed ? expanded : fetch_insn;
      id_compressed_q  <= fetch_compressed;
      id_illegal_q     <= expand_illegal;
      id_fault_q       <= fetch_fault;
      id_fault_upper_q <= fetch_fault_upper;
    end
  end

  // ---- ID: decode ----------------------------------------------------------------------------

  exec_e       id_exec;
  jump_e       id_jump;
  alu_e        id_alu;
  operand_a_e  id_operand_a;
  operand_b_e  id_operand_b;
  wire logic [4:0]  id_cause;
  wire logic [31:0] id_imm;
  wire logic        id_reads_rs1, id_reads_rs2, id_writes_rd;

  core_decode u_decode (
    .insn_i      (id_insn_q),
    .illegal_i   (id_illegal_q),
    .fault_i     (id_fault_q),
    .exec_o      (id_exec),
    .cause_o     (id_cause),
    .jump_o      (id_jump),
    .alu_o       (id_alu),
    .operand_a_o (id_operand_a),
    .operand_b_o (id_operand_b),
    .imm_o       (id_imm),
    .reads_rs1_o (id_reads_rs1),
    .reads_rs2_o (id_reads_rs2),
    .writes_rd_o (id_writes_rd)
  );

  wire logic [4:0] id_rs1_addr = id_insn_q[19:15];
  wire logic [4:0] id_rs2_addr = id_insn_q[24:20];

  // ---- ID: registers and forwarding ----------------------------------------------------------

  logic             ex_valid_q, wb_valid_q;
  logic             ex_writes_q, wb_writes_q;     // never x0
  logic [4:0]       ex_rd_q, wb_rd_q;
  exec_e            ex_exec_q;
  logic             wb_access_q, wb_load_q;       // a load or store; never without wb_valid_q
  logic [31:0]      wb_result_q;
  logic [31:0]      ex_result;
  wire logic        wb_good;
  wire logic [31:0] wb_wdata, rf_rs1, rf_rs2;

  core_regfile u_regfile (
    .clk_i, .rst_ni,
    .raddr_a_i (id_rs1_addr),
    .rdata_a_o (rf_rs1),
    .raddr_b_i (id_rs2_addr),
    .rdata_b_o (rf_rs2),
    .we_i      (wb_valid_q && wb_writes_q && (!wb_access_q || wb_good)),
    .waddr_i   (wb_rd_q),
    .wdata_i   (wb_wdata)
  );

  wire logic ex_writes = ex_valid_q && ex_writes_q;
  wire logic wb_writes = wb_valid_q && wb_writes_q;

  wire logic rs1_from_ex = ex_writes && ex_rd_q == id_rs1_addr;
  wire logic rs2_from_ex = ex_writes && ex_rd_q == id_rs2_addr;
  wire logic rs1_from_wb = wb_writes && wb_rd_q == id_rs1_addr;
  wire logic rs2_from_wb = wb_writes && wb_rd_q == id_rs2_addr;

  wire logic [31:0] id_rs1 = rs1_from_ex ? ex_result : rs1_from_wb ? wb_wdata : rf_rs1;
  wire logic [31:0] id_rs2 = rs2_from_ex ? ex_result : rs2_from_wb ? wb_wdata : rf_rs2;

  wire logic needs_ex = (id_reads_rs1 && rs1_from_ex) || (id_reads_rs2 && rs2_from_ex);
  wire logic needs_wb = (id_reads_rs1 && rs1_from_wb) || (id_reads_rs2 && rs2_from_wb);

  wire logic load_use = ex_exec_q == EXEC_LOAD && needs_ex;
  wire logic late_load = wb_load_q && !wb_good && needs_wb;

  // ---- ID: jumps -----------------------------------------------------------------------------

  // The address of a jump goes straight to the instruction port: it does not depend on what EX
  // computes, or the data port answers, in this cycle.
  wire logic jalr_waits = id_jump == JUMP_JALR && id_reads_rs1 &&
                          (rs1_from_ex || (rs1_from_wb && wb_load_q));
  wire logic fence_waits = id_jump == JUMP_FENCE_I &&
      ((ex_valid_q && (ex_exec_q == EXEC_LOAD || ex_exec_q == EXEC_STORE)) || wb_access_q);
  wire logic jump_waits = jalr_waits || fence_waits;

  wire logic [31:0] id_base = id_jump != JUMP_JALR ? id_pc_q : rs1_from_wb ? wb_result_q : rf_rs1;
  wire logic [31:0] id_sum  = id_base + id_imm;   // of branches too

  assign id_target = {id_sum[31:1], 1'b0};

  logic jumped_q;               // the jump in ID has redirected and waits for EX

  assign id_redirect = id_valid_q && id_jump != JUMP_NONE && !jump_waits && !jumped_q && !flush;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) jumped_q <= 1'b0;
    else         jumped_q <= (id_redirect || jumped_q) && !id_advance && !flush;
  end

  assign id_advance = id_valid_q && !load_use && !late_load && (!jump_waits || jumped_q) &&
                      ex_ready && !flush;
  assign id_ready   = !id_valid_q || id_advance;

  // ---- ID to EX ------------------------------------------------------------------------------

  wire logic [31:0] id_length = id_compressed_q ? 32'd2 : 32'd4;

  logic [31:0] id_a, id_b;
  always_comb begin
    case (id_operand_a)
      A_PC:    id_a = id_pc_q;
      A_ZERO:  id_a = '0;
      A_UIMM:  id_a = {27'b0, id_rs1_addr};
      default: id_a = id_rs1;
    endcase
    case (id_operand_b)
      B_IMM:    id_b = id_imm;
      B_LENGTH: id_b = id_length;
      default:  id_b = id_rs2;
    endcase
  end

  logic        ex_first_q;            // the first cycle of this instruction in EX
  alu_e        ex_alu_q;
  logic [2:0]  ex_funct3_q;
  logic [31:0] ex_a_q, ex_b_q;
  logic [31:0] ex_c_q;                // target of a branch, data of a store
  logic [31:0] ex_pc_q, ex_insn_q;
  logic [4:0]  ex_cause_q;
  logic        ex_fault_upper_q, ex_jump_q, ex_compressed_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ex_valid_q <= 1'b0;
      ex_first_q <= 1'b0;
    end else begin
      ex_first_q <= id_advance;
      if (wb_failed)     ex_valid_q <= 1'b0;
      else if (ex_ready) ex_valid_q <= id_advance;
    end
  end

  always_ff @(posedge clk_i) begin
    if (id_advance) begin
      ex_exec_q        <= id_exec;
      ex_alu_q         <= id_alu;
      ex_funct3_q      <= id_insn_q[14:12];
      ex_a_q           <= id_a;
      ex_b_q           <= id_b;
      ex_c_q           <= id_exec == EXEC_BRANCH ? id_target : id_rs2;
      ex_rd_q          <= id_insn_q[11:7];
      ex_writes_q      <= id_writes_rd;
      ex_pc_q          <= id_pc_q;
      ex_insn_q        <= id_raw_q;
      ex_cause_q       <= id_cause;
      ex_fault_upper_q <= id_fault_upper_q;
      ex_jump_q        <= id_jump != JUMP_NONE;
      ex_compressed_q  <= id_compressed_q;
    end
  end

  // ---- EX: interrupts ------------------------------------------------------------------------

  // They are decided in the first cycle of an instruction in EX, before it has any effect.
  wire logic [2:0] irq_lines = {irq_external_i, irq_timer_i, irq_software_i};

  logic [2:0] mip_q;
  always_ff @(posedge clk_i) begin
    if (ex_first_q) mip_q <= irq_lines;
  end

  wire logic [2:0] decision_mip = ex_first_q ? irq_lines : mip_q;

  wire logic       irq_enabled, wakeup;
  wire logic [4:0] irq_cause;

  wire logic ex_irq = ex_valid_q && irq_enabled;
  wire logic ex_go  = ex_valid_q && !irq_enabled;

  // ---- EX: units -----------------------------------------------------------------------------

  wire logic [31:0] alu_result, mul_result, mulh_result, div_result, csr_rdata;
  wire logic        mulh_done, div_done, taken;

  wire logic ex_mulh = ex_go && ex_exec_q == EXEC_MULH;
  wire logic ex_div  = ex_go && ex_exec_q == EXEC_DIV;
  wire logic ex_csr  = ex_go && ex_exec_q == EXEC_CSR;
  wire logic ex_load  = ex_go && ex_exec_q == EXEC_LOAD;
  wire logic ex_store = ex_go && ex_exec_q == EXEC_STORE;
  wire logic ex_branch = ex_go && ex_exec_q == EXEC_BRANCH;

  core_alu u_alu (
    .operator_i  (ex_alu_q),
    .a_i         (ex_a_q),
    .b_i         (ex_b_q),
    .result_o    (alu_result),
    .compare_i   (ex_branch),
    .condition_i (ex_funct3_q),
    .taken_o     (taken)
  );

  core_multiplier u_multiplier (
    .clk_i, .rst_ni,
    .mul_i       (ex_exec_q == EXEC_MUL),
    .mulh_i      (ex_mulh),
    .flush_i     (wb_failed),
    .taken_i     (ex_retire),
    .funct3_i    (ex_funct3_q[1:0]),
    .a_i         (ex_a_q),
    .b_i         (ex_b_q),
    .mulh_done_o (mulh_done),
    .mul_o       (mul_result),
    .mulh_o      (mulh_result)
  );

  core_divider u_divider (
    .clk_i, .rst_ni,
    .start_i  (ex_div),
    .flush_i  (wb_failed),
    .taken_i  (ex_retire),
    .funct3_i (ex_funct3_q[1:0]),
    .a_i      (ex_a_q),
    .b_i      (ex_b_q),
    .done_o   (div_done),
    .result_o (div_result)
  );

  // The coprocessor sees an instruction when nothing older can trap any more.
  assign x_issue_valid_o  = ex_go && ex_exec_q == EXEC_CONV && !wb_access_q;
  assign x_issue_instr_o  = ex_insn_q;
  assign x_issue_rs1_o    = ex_a_q;
  assign x_issue_rs2_o    = ex_b_q;
  assign x_result_ready_o = x_issue_valid_o && x_result_valid_i;

  always_comb begin
    case (ex_exec_q)
      EXEC_MUL:  ex_result = mul_result;
      EXEC_MULH: ex_result = mulh_result;
      EXEC_DIV:  ex_result = div_result;
      EXEC_CSR:  ex_result = csr_rdata;
      EXEC_CONV: ex_result = x_result_data_i;
      default:   ex_result = alu_result;
    endcase
  end

  // ---- EX: loads and stores ------------------------------------------------------------------

  wire logic        lsu_done, lsu_fault, lsu_waiting;
  wire logic [31:0] lsu_rdata, lsu_raw, lsu_addr, lsu_fault_addr;
  wire logic [3:0]  lsu_mask;

  core_lsu u_lsu (
    .clk_i, .rst_ni,
    .ex_access_i     (ex_load || ex_store),
    .ex_store_i      (ex_exec_q == EXEC_STORE),
    .ex_funct3_i     (ex_funct3_q),
    .ex_addr_i       (alu_result),
    .ex_wdata_i      (ex_c_q),
    .ex_done_o       (lsu_done),
    .ex_fault_o      (lsu_fault),
    .wb_access_i     (wb_access_q),
    .wb_load_i       (wb_load_q),
    .wb_good_o       (wb_good),
    .wb_failed_o     (wb_failed),
    .wb_fault_addr_o (lsu_fault_addr),
    .wb_rdata_o      (lsu_rdata),
    .wb_addr_o       (lsu_addr),
    .wb_mask_o       (lsu_mask),
    .wb_raw_o        (lsu_raw),
    .waiting_o       (lsu_waiting),
    .unit_select_i   (x_issue_valid_o),
    .unit_req_i      (x_mem_req_i),
    .unit_gnt_o      (x_mem_gnt_o),
    .unit_addr_i     (x_mem_addr_i),
    .unit_rvalid_o   (x_mem_rvalid_o),
    .unit_err_o      (x_mem_err_o),
    .unit_rdata_o    (x_mem_rdata_o),
    .data_req_o, .data_gnt_i, .data_addr_o, .data_we_o, .data_be_o, .data_wdata_o,
    .data_rvalid_i, .data_err_i, .data_rdata_i
  );

  // ---- EX: exceptions ------------------------------------------------------------------------

  wire logic   csr_illegal;
  logic        ex_exception;
  logic [4:0]  ex_cause;
  logic [31:0] ex_tval;

  always_comb begin
    ex_exception = 1'b0;
    ex_cause     = CAUSE_ILLEGAL;
    ex_tval      = ex_insn_q;
    if (ex_go) begin
      case (ex_exec_q)
        EXEC_EXCEPTION: begin
          ex_exception = 1'b1;
          ex_cause     = ex_cause_q;
          case (ex_cause_q)
            CAUSE_INSTR_ACCESS: ex_tval = ex_pc_q + (ex_fault_upper_q ? 32'd2 : 32'd0);
            CAUSE_BREAKPOINT:   ex_tval = ex_pc_q;
            CAUSE_ECALL_M:      ex_tval = '0;
            default: ;
          endcase
        end
        EXEC_CSR: ex_exception = csr_illegal;
        EXEC_LOAD, EXEC_STORE: begin   // the first half of one that crosses words
          ex_exception = lsu_fault;
          ex_cause     = ex_exec_q == EXEC_LOAD ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS;
          ex_tval      = alu_result;
        end
        EXEC_CONV: begin
          ex_exception = x_issue_valid_o && x_result_valid_i && x_result_exc_i;
          ex_cause     = x_result_exccode_i[4:0];
          if (ex_cause != CAUSE_ILLEGAL) ex_tval = ex_b_q;
        end
        default: ;
      endcase
    end
  end

  // ---- EX: completion ------------------------------------------------------------------------

  wire logic csr_counter, csr_skips_instret;

  logic ex_done;
  always_comb begin
    case (ex_exec_q)
      EXEC_MULH:             ex_done = mulh_done;
      EXEC_DIV:              ex_done = div_done;
      EXEC_LOAD, EXEC_STORE: ex_done = lsu_done;
      EXEC_CSR:              ex_done = !csr_counter || !wb_valid_q;
      EXEC_CONV:             ex_done = x_result_ready_o;
      EXEC_MRET:             ex_done = !wb_access_q;
      EXEC_WFI:              ex_done = wakeup;
      default:               ex_done = 1'b1;
    endcase
    if (ex_exception) ex_done = !wb_access_q;
  end

  // An instruction whose place an interrupt takes does not reach WB.
  wire logic ex_interrupted = ex_irq && !wb_access_q;

  assign ex_retire = ex_go && ex_done && wb_ready;
  assign ex_ready  = !ex_valid_q || ex_retire || ex_interrupted;

  wire logic ex_trap   = ex_interrupted || (ex_exception && ex_retire);
  wire logic ex_return = ex_retire && ex_exec_q == EXEC_MRET;

  assign ex_redirect = ex_trap || ex_return || (taken && ex_first_q);

  wire logic [31:0] trap_vector, mepc;

  assign ex_target = wb_failed || ex_trap ? trap_vector
                                          : ex_exec_q == EXEC_MRET ? mepc : ex_c_q;

  // ---- WB ------------------------------------------------------------------------------------

  logic [31:0] wb_pc_q;
  logic        wb_trap_q;
  logic        wb_instret_q;          // it counts in minstret
  logic [14:9] wb_event_q;            // and in these

  wire logic wb_done    = wb_valid_q && (!wb_access_q || wb_good);
  wire logic wb_retire  = wb_done || wb_failed;
  wire logic wb_retired = wb_done && !wb_trap_q;

  assign wb_ready = !wb_valid_q || wb_done;
  assign wb_wdata = wb_load_q ? lsu_rdata : wb_result_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wb_valid_q  <= 1'b0;
      wb_access_q <= 1'b0;
      wb_load_q   <= 1'b0;
    end else if (wb_ready || wb_failed) begin
      wb_valid_q  <= ex_retire;
      wb_access_q <= ex_retire && !ex_exception && (ex_load || ex_store);
      wb_load_q   <= ex_retire && !ex_exception && ex_load;
    end
  end

  wire logic [14:0] inhibit;

  always_ff @(posedge clk_i) begin
    if (ex_retire) begin
      wb_writes_q  <= ex_writes_q && !ex_exception;
      wb_rd_q      <= ex_rd_q;
      wb_result_q  <= ex_result;
      wb_pc_q      <= ex_pc_q;
      wb_trap_q    <= ex_exception;
      wb_instret_q <= !inhibit[COUNTER_INSTRET] && !(ex_csr && csr_skips_instret);
      wb_event_q   <= {ex_compressed_q, taken, ex_branch, ex_jump_q || ex_return, ex_store,
                       ex_load} & ~inhibit[14:9];
    end
  end

  // ---- CSRs ----------------------------------------------------------------------------------

  wire logic [4:0] wb_cause = wb_load_q ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS;

  core_csr u_csr (
    .clk_i, .rst_ni,
    .access_i        (ex_csr),
    .addr_i          (ex_insn_q[31:20]),
    .funct3_i        (ex_funct3_q[1:0]),
    .writes_i        (ex_funct3_q[1:0] == 2'd1 || ex_insn_q[19:15] != '0),
    .operand_i       (ex_a_q),
    .commit_i        (ex_csr && ex_retire && !ex_exception),
    .rdata_o         (csr_rdata),
    .illegal_o       (csr_illegal),
    .counter_o       (csr_counter),
    .skips_instret_o (csr_skips_instret),
    .trap_i          (wb_failed || ex_trap),
    .interrupt_i     (ex_interrupted && !wb_failed),
    .cause_i         (wb_failed ? wb_cause : ex_interrupted ? irq_cause : ex_cause),
    .pc_i            (wb_failed ? wb_pc_q : ex_pc_q),
    .tval_i          (wb_failed ? lsu_fault_addr : ex_interrupted ? '0 : ex_tval),
    .vector_o        (trap_vector),
    .mret_i          (ex_return),
    .mepc_o          (mepc),
    .mip_i           (irq_lines),
    .decision_mip_i  (decision_mip),
    .wakeup_o        (wakeup),
    .irq_o           (irq_enabled),
    .irq_cause_o     (irq_cause),
    .event_i         ({wb_retired ? wb_event_q : 6'b0,
                       x_issue_valid_o && !x_result_valid_i,
                       (ex_mulh && !mulh_done) || (ex_div && !div_done),
                       lsu_waiting,
                       running_q && !id_valid_q,
                       id_valid_q && jalr_waits,
                       id_valid_q && load_use && ex_ready,
                       wb_retired && wb_instret_q}),
    .inhibit_o       (inhibit),
    .perf_select_i, .perf_o
  );

  // ---- RVFI ----------------------------------------------------------------------------------

  function automatic logic [31:0] mip_bits(logic [2:0] lines);
    mip_bits               = '0;
    mip_bits[IRQ_SOFTWARE] = lines[MI_SOFTWARE];
    mip_bits[IRQ_TIMER]    = lines[MI_TIMER];
    mip_bits[IRQ_EXTERNAL] = lines[MI_EXTERNAL];
  endfunction

  core_rvfi u_rvfi (
    .clk_i, .rst_ni,
    .id_advance_i   (id_advance),
    .id_rs1_addr_i  (id_reads_rs1 ? id_rs1_addr : '0),
    .id_rs2_addr_i  (id_reads_rs2 ? id_rs2_addr : '0),
    .id_rs1_i       (id_rs1),
    .id_rs2_i       (id_rs2),
    .id_next_pc_i   (id_jump != JUMP_NONE ? id_target : id_pc_q + id_length),
    .ex_retire_i    (ex_retire),
    .ex_interrupt_i (ex_interrupted),
    .ex_pc_i        (ex_pc_q),
    .ex_insn_i      (ex_insn_q),
    .ex_redirect_i  (ex_trap || ex_return || taken),
    .ex_target_i    (ex_target),
    .ex_trap_i      (ex_exception),
    .ex_cause_i     (ex_interrupted ? {1'b1, 26'b0, irq_cause} : {27'b0, ex_cause}),
    .ex_mip_i       (mip_bits(decision_mip)),
    .wb_retire_i    (wb_retire),
    .wb_failed_i    (wb_failed),
    .wb_cause_i     (wb_cause),
    .wb_vector_i    (trap_vector),
    .wb_rd_addr_i   (wb_writes_q ? wb_rd_q : '0),
    .wb_rd_wdata_i  (wb_wdata),
    .wb_load_i      (wb_load_q),
    .wb_store_i     (wb_access_q && !wb_load_q),
    .wb_mem_addr_i  (lsu_addr),
    .wb_mem_mask_i  (lsu_mask),
    .wb_mem_rdata_i (lsu_raw),
    .rvfi_valid_o, .rvfi_order_o, .rvfi_insn_o, .rvfi_trap_o, .rvfi_intr_o, .rvfi_pc_rdata_o,
    .rvfi_pc_wdata_o, .rvfi_rs1_addr_o, .rvfi_rs2_addr_o, .rvfi_rs1_rdata_o, .rvfi_rs2_rdata_o,
    .rvfi_rd_addr_o, .rvfi_rd_wdata_o, .rvfi_mem_addr_o, .rvfi_mem_rmask_o, .rvfi_mem_wmask_o,
    .rvfi_mem_rdata_o, .rvfi_mem_wdata_o, .rvfi_ext_mip_o, .rvfi_ext_cause_o
  );

endmodule

`default_nettype wire
