// SPDX-License-Identifier: MIT OR Apache-2.0
// The core: RV32IMC or RV32IMFC, machine mode, four stages, in order.
//
// IF fetches and expands, ID decodes, reads registers and jumps, EX executes, WB writes one register
// and retires. docs/core.md has the diagrams of the pipeline and the cycle table.
`default_nettype none

module core #(
  parameter logic [31:0] BOOT_ADDR = 32'h8000_0000,  // pc after reset
  parameter bit          FLOAT     = 0               // with RV32F
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
  output wire logic [4:0]  rvfi_frs1_addr_o,
  output wire logic [4:0]  rvfi_frs2_addr_o,
  output wire logic [4:0]  rvfi_frs3_addr_o,
  output wire logic [31:0] rvfi_frs1_rdata_o,
  output wire logic [31:0] rvfi_frs2_rdata_o,
  output wire logic [31:0] rvfi_frs3_rdata_o,
  output wire logic        rvfi_frd_wvalid_o,
  output wire logic [4:0]  rvfi_frd_addr_o,
  output wire logic [31:0] rvfi_frd_wdata_o,
  output wire logic [4:0]  rvfi_ext_fflags_o,
  output wire logic [7:0]  rvfi_ext_fcsr_o,    // behind the instruction
  output wire logic [1:0]  rvfi_ext_fs_o,
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

  // Redirections. One of EX or WB empties the stages before it.
  wire logic        id_redirect, ex_redirect, wb_failed;
  wire logic [31:0] id_target, ex_target, trap_vector;

  wire logic flush = ex_redirect || wb_failed;

  // ---- IF ------------------------------------------------------------------------------------

  wire logic        fetch_valid, fetch_compressed, fetch_illegal, fetch_fault, fetch_fault_upper;
  wire logic [31:0] fetch_pc, fetch_raw, fetch_insn;
  wire logic        id_ready;

  core_fetch #(
    .BOOT_ADDR (BOOT_ADDR),
    .FLOAT     (FLOAT)
  ) u_fetch (
    .clk_i, .rst_ni,
    .enable_i      (running_q),
    .redirect_i    (flush || id_redirect),
    .target_i      (wb_failed ? trap_vector : ex_redirect ? ex_target : id_target),
    .valid_o       (fetch_valid),
    .ready_i       (id_ready),
    .pc_o          (fetch_pc),
    .raw_o         (fetch_raw),
    .compressed_o  (fetch_compressed),
    .insn_o        (fetch_insn),
    .illegal_o     (fetch_illegal),
    .fault_o       (fetch_fault),
    .fault_upper_o (fetch_fault_upper),
    .instr_req_o, .instr_gnt_i, .instr_addr_o, .instr_rvalid_i, .instr_err_i, .instr_rdata_i
  );

  // ---- ID ------------------------------------------------------------------------------------

  exec_e            id_exec;
  alu_e             id_alu;
  wire logic        id_advance, id_writes, id_compressed, id_jump, id_fault_upper;
  wire logic        id_empty, id_load_use, id_jump_register;
  wire logic [2:0]  id_funct3;
  wire logic [4:0]  id_cause;
  wire logic [5:0]  id_rd, id_rs1_addr, id_rs2_addr, id_rs3_addr;   // bit 5: a float register
  wire logic [31:0] id_a, id_b, id_c, id_pc, id_raw, id_rs1, id_rs2, id_rs3, id_next_pc;
  wire logic        id_float;
  fpu_pkg::op_e     id_fpu_op;

  wire logic        ex_ready, ex_retire, ex_writes, ex_late, ex_load, ex_store;
  wire logic [5:0]  ex_rd;
  wire logic [31:0] ex_result;

  logic             wb_valid_q, wb_access_q, wb_load_q;
  logic             wb_writes_q;
  logic [5:0]       wb_rd_q;
  wire logic        wb_fpu_late;      // WB rounds: what it writes is fpu_result
  wire logic [31:0] fpu_result;
  logic [31:0]      wb_result_q;
  wire logic        wb_done;
  wire logic [31:0] wb_wdata;

  core_id #(
    .FLOAT (FLOAT)
  ) u_id (
    .clk_i, .rst_ni,
    .fetch_valid_i       (fetch_valid),
    .ready_o             (id_ready),
    .fetch_pc_i          (fetch_pc),
    .fetch_raw_i         (fetch_raw),
    .fetch_compressed_i  (fetch_compressed),
    .fetch_insn_i        (fetch_insn),
    .fetch_illegal_i     (fetch_illegal),
    .fetch_fault_i       (fetch_fault),
    .fetch_fault_upper_i (fetch_fault_upper),
    .advance_o           (id_advance),
    .ex_ready_i          (ex_ready),
    .exec_o              (id_exec),
    .alu_o               (id_alu),
    .funct3_o            (id_funct3),
    .a_o                 (id_a),
    .b_o                 (id_b),
    .c_o                 (id_c),
    .rd_o                (id_rd),
    .writes_o            (id_writes),
    .pc_o                (id_pc),
    .raw_o               (id_raw),
    .compressed_o        (id_compressed),
    .jump_o              (id_jump),
    .cause_o             (id_cause),
    .fault_upper_o       (id_fault_upper),
    .float_o             (id_float),
    .fpu_op_o            (id_fpu_op),
    .flush_i             (flush),
    .redirect_o          (id_redirect),
    .target_o            (id_target),
    .ex_writes_i         (ex_writes),
    .ex_rd_i             (ex_rd),
    .ex_late_i           (ex_late),
    .ex_access_i         (ex_load || ex_store),
    .ex_result_i         (ex_result),
    .wb_writes_i         (wb_valid_q && wb_writes_q),
    .wb_rd_i             (wb_rd_q),
    .wb_access_i         (wb_access_q),
    .wb_late_i           (wb_load_q || wb_fpu_late),
    .wb_done_i           (wb_done),
    .wb_result_i         (wb_result_q),
    .wb_wdata_i          (wb_wdata),
    .wb_rounds_i         (wb_fpu_late),
    .fpu_result_i        (fpu_result),
    .empty_o             (id_empty),
    .load_use_o          (id_load_use),
    .jump_register_o     (id_jump_register),
    .rs1_addr_o          (id_rs1_addr),
    .rs2_addr_o          (id_rs2_addr),
    .rs3_addr_o          (id_rs3_addr),
    .rs1_o               (id_rs1),
    .rs2_o               (id_rs2),
    .rs3_o               (id_rs3),
    .next_pc_o           (id_next_pc)
  );

  // ---- EX ------------------------------------------------------------------------------------

  wire logic        ex_csr, ex_branch, ex_taken, ex_jump, ex_compressed;
  wire logic        ex_exception, ex_interrupted, ex_return, ex_wfi;
  wire logic        ex_arithmetic_wait, ex_unit_wait;
  wire logic [2:0]  ex_funct3, decision_mip;
  wire logic [4:0]  ex_cause;
  wire logic [31:0] ex_addr, ex_wdata, ex_operand, ex_pc, ex_raw, ex_tval;

  wire logic        lsu_done, lsu_fault, lsu_waiting;
  wire logic        csr_illegal, csr_waits, irq, wakeup;
  wire logic [31:0] csr_rdata, mepc;

  wire logic        float_off, ex_fpu_late;
  wire logic [2:0]  frm;
  wire logic [4:0]  ex_fflags, fpu_fflags;

  wire logic        wb_ready;

  wire logic [2:0] mip = {irq_external_i, irq_timer_i, irq_software_i};   // core_pkg::MI_*

  core_ex #(
    .FLOAT (FLOAT)
  ) u_ex (
    .clk_i, .rst_ni,
    .id_advance_i      (id_advance),
    .ready_o           (ex_ready),
    .id_exec_i         (id_exec),
    .id_alu_i          (id_alu),
    .id_funct3_i       (id_funct3),
    .id_a_i            (id_a),
    .id_b_i            (id_b),
    .id_c_i            (id_c),
    .id_rd_i           (id_rd),
    .id_writes_i       (id_writes),
    .id_pc_i           (id_pc),
    .id_raw_i          (id_raw),
    .id_compressed_i   (id_compressed),
    .id_jump_i         (id_jump),
    .id_cause_i        (id_cause),
    .id_fault_upper_i  (id_fault_upper),
    .id_float_i        (id_float),
    .id_fpu_op_i       (id_fpu_op),
    .writes_o          (ex_writes),
    .rd_o              (ex_rd),
    .result_o          (ex_result),
    .late_o            (ex_late),
    .load_o            (ex_load),
    .store_o           (ex_store),
    .csr_o             (ex_csr),
    .branch_o          (ex_branch),
    .taken_o           (ex_taken),
    .jump_o            (ex_jump),
    .compressed_o      (ex_compressed),
    .funct3_o          (ex_funct3),
    .addr_o            (ex_addr),
    .wdata_o           (ex_wdata),
    .operand_o         (ex_operand),
    .pc_o              (ex_pc),
    .raw_o             (ex_raw),
    .wb_valid_i        (wb_valid_q),
    .wb_ready_i        (wb_ready),
    .wb_access_i       (wb_access_q),
    .wb_failed_i       (wb_failed),
    .retire_o          (ex_retire),
    .float_off_i       (float_off),
    .frm_i             (frm),
    .fpu_late_o        (ex_fpu_late),
    .fflags_o          (ex_fflags),
    .fpu_result_o      (fpu_result),
    .fpu_fflags_o      (fpu_fflags),
    .lsu_done_i        (lsu_done),
    .lsu_fault_i       (lsu_fault),
    .csr_rdata_i       (csr_rdata),
    .csr_illegal_i     (csr_illegal),
    .csr_waits_i       (csr_waits),
    .mip_i             (mip),
    .decision_mip_o    (decision_mip),
    .irq_i             (irq),
    .wakeup_i          (wakeup),
    .exception_o       (ex_exception),
    .cause_o           (ex_cause),
    .tval_o            (ex_tval),
    .interrupted_o     (ex_interrupted),
    .return_o          (ex_return),
    .wfi_o             (ex_wfi),
    .redirect_o        (ex_redirect),
    .vector_i          (trap_vector),
    .mepc_i            (mepc),
    .target_o          (ex_target),
    .arithmetic_wait_o (ex_arithmetic_wait),
    .unit_wait_o       (ex_unit_wait),
    .x_issue_valid_o, .x_issue_instr_o, .x_issue_rs1_o, .x_issue_rs2_o,
    .x_result_valid_i, .x_result_ready_o, .x_result_data_i, .x_result_exc_i, .x_result_exccode_i
  );

  // ---- WB ------------------------------------------------------------------------------------

  logic [31:1] wb_pc_q;
  logic        wb_exception_q;
  logic        wb_instret_q;          // it counts in minstret
  logic [14:9] wb_event_q;            // and in these counters

  wire logic        lsu_good;
  wire logic [31:0] lsu_rdata;
  wire logic [14:0] inhibit;
  wire logic        csr_skips_instret;

  assign wb_done  = wb_valid_q && (!wb_access_q || lsu_good);
  assign wb_ready = !wb_valid_q || wb_done;
  assign wb_wdata = wb_load_q ? lsu_rdata : wb_result_q;

  // wb_access_q and wb_load_q are low where wb_valid_q is.
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

  always_ff @(posedge clk_i) begin
    if (ex_retire) begin
      wb_writes_q    <= ex_writes && !ex_exception;
      wb_rd_q        <= {FLOAT && ex_rd[5], ex_rd[4:0]};
      wb_result_q    <= ex_result;
      wb_pc_q        <= ex_pc[31:1];
      wb_exception_q <= ex_exception;
      wb_instret_q   <= !inhibit[COUNTER_INSTRET] && !(ex_csr && csr_skips_instret);
      wb_event_q     <= {ex_compressed, ex_taken, ex_branch, ex_jump, ex_store, ex_load} &
                        ~inhibit[14:9];
    end
  end

  // Flags that the instruction in WB raises.
  wire logic [4:0] wb_fflags;

  if (FLOAT) begin : gen_float
    logic       late_q;         // low where wb_valid_q is
    logic [4:0] fflags_q;       // of an early operation

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)                    late_q <= 1'b0;
      else if (wb_ready || wb_failed) late_q <= ex_retire && ex_fpu_late;
    end

    always_ff @(posedge clk_i) begin
      if (ex_retire) fflags_q <= ex_fflags;
    end

    assign wb_fpu_late = late_q;
    assign wb_fflags   = late_q ? fpu_fflags : fflags_q;
  end else begin : gen_integer
    assign wb_fpu_late = 1'b0;
    assign wb_fflags   = '0;

    wire logic unused_float = ^{ex_fpu_late, ex_fflags, fpu_result, fpu_fflags};
  end

  // ---- Loads and stores ----------------------------------------------------------------------

  wire logic [31:0] lsu_fault_addr, lsu_addr, lsu_raw;
  wire logic [3:0]  lsu_mask;

  core_lsu u_lsu (
    .clk_i, .rst_ni,
    .ex_access_i     (ex_load || ex_store),
    .ex_store_i      (ex_store),
    .ex_funct3_i     (ex_funct3),
    .ex_addr_i       (ex_addr),
    .ex_wdata_i      (ex_wdata),
    .ex_done_o       (lsu_done),
    .ex_fault_o      (lsu_fault),
    .wb_access_i     (wb_access_q),
    .wb_load_i       (wb_load_q),
    .wb_good_o       (lsu_good),
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

  // ---- CSRs and traps ------------------------------------------------------------------------

  wire logic [4:0] wb_cause = wb_load_q ? CAUSE_LOAD_ACCESS : CAUSE_STORE_ACCESS;
  wire logic [4:0] irq_cause;

  core_csr #(
    .FLOAT (FLOAT)
  ) u_csr (
    .clk_i, .rst_ni,
    .access_i        (ex_csr),
    .addr_i          (ex_raw[31:20]),
    .funct3_i        (ex_funct3[1:0]),
    .writes_i        (ex_funct3[1:0] == 2'd1 || ex_raw[19:15] != '0),
    .operand_i       (ex_operand),
    .commit_i        (ex_csr && ex_retire && !ex_exception),
    .rdata_o         (csr_rdata),
    .illegal_o       (csr_illegal),
    .waits_o         (csr_waits),
    .skips_instret_o (csr_skips_instret),
    .trap_i          (wb_failed || ex_interrupted || (ex_exception && ex_retire)),
    .interrupt_i     (ex_interrupted),
    .cause_i         (wb_failed ? wb_cause : ex_interrupted ? irq_cause : ex_cause),
    .pc_i            (wb_failed ? wb_pc_q : ex_pc[31:1]),
    .tval_i          (wb_failed ? lsu_fault_addr : ex_interrupted ? '0 : ex_tval),
    .vector_o        (trap_vector),
    .mret_i          (ex_return),
    .mepc_o          (mepc),
    .mip_i           (mip),
    .decision_mip_i  (decision_mip),
    .wakeup_o        (wakeup),
    .irq_o           (irq),
    .irq_cause_o     (irq_cause),
    .fflags_i        (wb_done ? wb_fflags : '0),
    .float_write_i   (wb_done && wb_writes_q && wb_rd_q[5]),
    .float_off_o     (float_off),
    .frm_o           (frm),
    .fcsr_o          (rvfi_ext_fcsr_o),
    .fs_o            (rvfi_ext_fs_o),
    .event_i         ({wb_done && !wb_exception_q ? wb_event_q : 6'b0,
                       ex_unit_wait,
                       ex_arithmetic_wait,
                       lsu_waiting,
                       running_q && id_empty,
                       id_jump_register,
                       id_load_use,
                       wb_done && !wb_exception_q && wb_instret_q}),
    .inhibit_o       (inhibit),
    .perf_select_i, .perf_o
  );

  // ---- RVFI ----------------------------------------------------------------------------------

  core_rvfi #(
    .FLOAT (FLOAT)
  ) u_rvfi (
    .clk_i, .rst_ni,
    .id_advance_i   (id_advance),
    .id_rs1_addr_i  (id_rs1_addr),
    .id_rs2_addr_i  (id_rs2_addr),
    .id_rs3_addr_i  (id_rs3_addr),
    .id_rs1_i       (id_rs1),
    .id_rs2_i       (id_rs2),
    .id_rs3_i       (id_rs3),
    .id_next_pc_i   (id_next_pc),
    .ex_retire_i    (ex_retire),
    .ex_interrupt_i (ex_interrupted),
    .ex_pc_i        (ex_pc),
    .ex_insn_i      (ex_raw),
    .ex_redirect_i  (ex_exception || ex_return || ex_taken),
    .ex_target_i    (ex_target),
    .ex_trap_i      (ex_exception),
    .ex_cause_i     (ex_interrupted ? irq_cause : ex_cause),
    .ex_mip_i       (ex_wfi ? mip : decision_mip),
    .wb_retire_i    (wb_done || wb_failed),
    .wb_failed_i    (wb_failed),
    .wb_cause_i     (wb_cause),
    .wb_vector_i    (trap_vector),
    .wb_rd_addr_i   (wb_writes_q ? wb_rd_q : '0),
    .wb_rd_wdata_i  (wb_fpu_late ? fpu_result : wb_wdata),
    .wb_fflags_i    (wb_fflags),
    .wb_load_i      (wb_load_q),
    .wb_store_i     (wb_access_q && !wb_load_q),
    .wb_mem_addr_i  (lsu_addr),
    .wb_mem_mask_i  (lsu_mask),
    .wb_mem_rdata_i (lsu_raw),
    .rvfi_valid_o, .rvfi_order_o, .rvfi_insn_o, .rvfi_trap_o, .rvfi_intr_o, .rvfi_pc_rdata_o,
    .rvfi_pc_wdata_o, .rvfi_rs1_addr_o, .rvfi_rs2_addr_o, .rvfi_rs1_rdata_o, .rvfi_rs2_rdata_o,
    .rvfi_rd_addr_o, .rvfi_rd_wdata_o, .rvfi_mem_addr_o, .rvfi_mem_rmask_o, .rvfi_mem_wmask_o,
    .rvfi_mem_rdata_o, .rvfi_mem_wdata_o, .rvfi_frs1_addr_o, .rvfi_frs2_addr_o, .rvfi_frs3_addr_o,
    .rvfi_frs1_rdata_o, .rvfi_frs2_rdata_o, .rvfi_frs3_rdata_o, .rvfi_frd_wvalid_o,
    .rvfi_frd_addr_o, .rvfi_frd_wdata_o, .rvfi_ext_fflags_o, .rvfi_ext_mip_o, .rvfi_ext_cause_o
  );

endmodule

`default_nettype wire
