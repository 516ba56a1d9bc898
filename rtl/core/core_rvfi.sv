// SPDX-License-Identifier: MIT OR Apache-2.0
// The RISC-V Formal Interface: what each retired instruction did, a cycle after it has left WB.
//
// It follows the pipeline with registers of its own, so that the core carries nothing that only an
// observer needs. An instruction that traps is reported (rvfi_trap_o), an interrupt is not: the first
// instruction of its handler carries rvfi_intr_o.
`default_nettype none

module core_rvfi #(
  parameter bit FLOAT = 0                    // with RV32F
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  // An instruction enters EX.
  input  wire logic        id_advance_i,
  input  wire logic [5:0]  id_rs1_addr_i,    // 0 if it does not read it; bit 5: a float register
  input  wire logic [5:0]  id_rs2_addr_i,
  input  wire logic [5:0]  id_rs3_addr_i,
  input  wire logic [31:0] id_rs1_i,
  input  wire logic [31:0] id_rs2_i,
  input  wire logic [31:0] id_rs3_i,
  input  wire logic [31:0] id_next_pc_i,     // as far as ID knows

  // It leaves EX for WB, or an interrupt takes its place.
  input  wire logic        ex_retire_i,
  input  wire logic        ex_interrupt_i,
  input  wire logic [31:0] ex_pc_i,
  input  wire logic [31:0] ex_insn_i,
  input  wire logic        ex_redirect_i,    // it changes the flow in EX
  input  wire logic [31:0] ex_target_i,
  input  wire logic        ex_trap_i,        // by an exception
  input  wire logic [4:0]  ex_cause_i,       // of the exception, or of the interrupt
  input  wire logic [2:0]  ex_mip_i,         // at its decision; of wfi: as it wakes

  // It leaves WB.
  input  wire logic        wb_retire_i,
  input  wire logic        wb_failed_i,      // by a bus error
  input  wire logic [4:0]  wb_cause_i,       // with wb_failed_i
  input  wire logic [31:0] wb_vector_i,      // with wb_failed_i
  input  wire logic [5:0]  wb_rd_addr_i,     // 0 if it writes nothing; bit 5: a float register
  input  wire logic [31:0] wb_rd_wdata_i,
  input  wire logic [4:0]  wb_fflags_i,      // that it raises
  input  wire logic        wb_load_i,
  input  wire logic        wb_store_i,
  input  wire logic [31:0] wb_mem_addr_i,
  input  wire logic [3:0]  wb_mem_mask_i,
  input  wire logic [31:0] wb_mem_rdata_i,

  output      logic        rvfi_valid_o,
  output      logic [63:0] rvfi_order_o,
  output      logic [31:0] rvfi_insn_o,
  output      logic        rvfi_trap_o,
  output      logic        rvfi_intr_o,
  output      logic [31:0] rvfi_pc_rdata_o,
  output      logic [31:0] rvfi_pc_wdata_o,
  output      logic [4:0]  rvfi_rs1_addr_o,
  output      logic [4:0]  rvfi_rs2_addr_o,
  output      logic [31:0] rvfi_rs1_rdata_o,
  output      logic [31:0] rvfi_rs2_rdata_o,
  output      logic [4:0]  rvfi_rd_addr_o,
  output      logic [31:0] rvfi_rd_wdata_o,
  output      logic [31:0] rvfi_mem_addr_o,
  output      logic [3:0]  rvfi_mem_rmask_o,
  output      logic [3:0]  rvfi_mem_wmask_o,
  output      logic [31:0] rvfi_mem_rdata_o,
  output      logic [31:0] rvfi_mem_wdata_o,
  output      logic [4:0]  rvfi_frs1_addr_o,
  output      logic [4:0]  rvfi_frs2_addr_o,
  output      logic [4:0]  rvfi_frs3_addr_o,
  output      logic [31:0] rvfi_frs1_rdata_o,
  output      logic [31:0] rvfi_frs2_rdata_o,
  output      logic [31:0] rvfi_frs3_rdata_o,
  output      logic        rvfi_frd_wvalid_o,
  output      logic [4:0]  rvfi_frd_addr_o,
  output      logic [31:0] rvfi_frd_wdata_o,
  output      logic [4:0]  rvfi_ext_fflags_o,
  output      logic [31:0] rvfi_ext_mip_o,
  output      logic [31:0] rvfi_ext_cause_o
);

  import core_pkg::*;

  // ---- EX ------------------------------------------------------------------------------------

  logic [5:0]  ex_rs1_addr_q, ex_rs2_addr_q;
  logic [31:0] ex_rs1_q, ex_rs2_q, ex_next_pc_q;

  always_ff @(posedge clk_i) begin
    if (id_advance_i) begin
      ex_rs1_addr_q <= id_rs1_addr_i;
      ex_rs2_addr_q <= id_rs2_addr_i;
      ex_rs1_q      <= id_rs1_i;
      ex_rs2_q      <= id_rs2_i;
      ex_next_pc_q  <= id_next_pc_i;
    end
  end

  // An interrupt was taken, and its handler has not begun.
  logic        intr_q;
  logic [4:0]  intr_cause_q;
  logic [2:0]  intr_mip_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)             intr_q <= 1'b0;
    else if (ex_interrupt_i) intr_q <= 1'b1;
    else if (ex_retire_i)    intr_q <= 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (ex_interrupt_i) begin
      intr_cause_q <= ex_cause_i;
      intr_mip_q   <= ex_mip_i;
    end
  end

  // ---- WB ------------------------------------------------------------------------------------

  logic        wb_trap_q, wb_intr_q;
  logic [31:0] wb_pc_q, wb_insn_q, wb_next_pc_q, wb_rs1_q, wb_rs2_q;
  logic [5:0]  wb_rs1_addr_q, wb_rs2_addr_q;
  logic [4:0]  wb_cause_q;
  logic [2:0]  wb_mip_q;

  always_ff @(posedge clk_i) begin
    if (ex_retire_i) begin
      wb_trap_q     <= ex_trap_i;
      wb_intr_q     <= intr_q;
      wb_pc_q       <= ex_pc_i;
      wb_insn_q     <= ex_insn_i;
      wb_next_pc_q  <= ex_redirect_i ? ex_target_i : ex_next_pc_q;
      wb_rs1_addr_q <= ex_rs1_addr_q;
      wb_rs2_addr_q <= ex_rs2_addr_q;
      wb_rs1_q      <= ex_rs1_q;
      wb_rs2_q      <= ex_rs2_q;
      wb_mip_q      <= intr_q ? intr_mip_q : ex_mip_i;
      wb_cause_q    <= ex_trap_i ? ex_cause_i : intr_cause_q;
    end
  end

  // ---- Report --------------------------------------------------------------------------------

  wire logic [31:0] mask_bits = {{8{wb_mem_mask_i[3]}}, {8{wb_mem_mask_i[2]}},
                                 {8{wb_mem_mask_i[1]}}, {8{wb_mem_mask_i[0]}}};

  wire logic reads_rs1 = wb_rs1_addr_q != '0 && !(FLOAT && wb_rs1_addr_q[5]);
  wire logic reads_rs2 = wb_rs2_addr_q != '0 && !(FLOAT && wb_rs2_addr_q[5]);
  wire logic writes_rd = wb_rd_addr_i != '0 && !(FLOAT && wb_rd_addr_i[5]) && !wb_failed_i;

  logic [63:0] order_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rvfi_valid_o <= 1'b0;
      order_q      <= '0;
    end else begin
      rvfi_valid_o <= wb_retire_i;
      if (wb_retire_i) order_q <= order_q + 64'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (wb_retire_i) begin
      rvfi_order_o     <= order_q;
      rvfi_insn_o      <= wb_insn_q;
      rvfi_trap_o      <= wb_trap_q || wb_failed_i;
      rvfi_intr_o      <= wb_intr_q;
      rvfi_pc_rdata_o  <= wb_pc_q;
      rvfi_pc_wdata_o  <= wb_failed_i ? wb_vector_i : wb_next_pc_q;
      rvfi_rs1_addr_o  <= reads_rs1 ? wb_rs1_addr_q[4:0] : '0;
      rvfi_rs2_addr_o  <= reads_rs2 ? wb_rs2_addr_q[4:0] : '0;
      rvfi_rs1_rdata_o <= reads_rs1 ? wb_rs1_q : '0;
      rvfi_rs2_rdata_o <= reads_rs2 ? wb_rs2_q : '0;
      rvfi_rd_addr_o   <= writes_rd ? wb_rd_addr_i[4:0] : '0;
      rvfi_rd_wdata_o  <= writes_rd ? wb_rd_wdata_i : '0;
      rvfi_mem_rmask_o <= wb_load_i && !wb_failed_i ? wb_mem_mask_i : '0;
      rvfi_mem_wmask_o <= wb_store_i && !wb_failed_i ? wb_mem_mask_i : '0;
      if (wb_load_i || wb_store_i) begin
        rvfi_mem_addr_o  <= wb_mem_addr_i;
        rvfi_mem_rdata_o <= wb_load_i ? wb_mem_rdata_i : '0;
        rvfi_mem_wdata_o <= wb_store_i ? wb_rs2_q & mask_bits : '0;
      end
      rvfi_ext_mip_o   <= irq_bits(wb_mip_q);
      if (wb_failed_i)    rvfi_ext_cause_o <= {27'b0, wb_cause_i};
      else if (wb_trap_q) rvfi_ext_cause_o <= {27'b0, wb_cause_q};
      else                rvfi_ext_cause_o <= wb_intr_q ? {1'b1, 26'b0, wb_cause_q} : '0;
    end
  end

  // ---- Floats --------------------------------------------------------------------------------

  if (FLOAT) begin : gen_float
    logic [5:0]  ex_rs3_addr_q, wb_rs3_addr_q;
    logic [31:0] ex_rs3_q, wb_rs3_q;

    wire logic writes_frd = wb_rd_addr_i[5] && !wb_failed_i;

    always_ff @(posedge clk_i) begin
      if (id_advance_i) begin
        ex_rs3_addr_q <= id_rs3_addr_i;
        ex_rs3_q      <= id_rs3_i;
      end
      if (ex_retire_i) begin
        wb_rs3_addr_q <= ex_rs3_addr_q;
        wb_rs3_q      <= ex_rs3_q;
      end
      if (wb_retire_i) begin
        rvfi_frs1_addr_o  <= wb_rs1_addr_q[5] ? wb_rs1_addr_q[4:0] : '0;
        rvfi_frs2_addr_o  <= wb_rs2_addr_q[5] ? wb_rs2_addr_q[4:0] : '0;
        rvfi_frs3_addr_o  <= wb_rs3_addr_q[4:0];
        rvfi_frs1_rdata_o <= wb_rs1_addr_q[5] ? wb_rs1_q : '0;
        rvfi_frs2_rdata_o <= wb_rs2_addr_q[5] ? wb_rs2_q : '0;
        rvfi_frs3_rdata_o <= wb_rs3_addr_q[5] ? wb_rs3_q : '0;
        rvfi_frd_wvalid_o <= writes_frd;
        rvfi_frd_addr_o   <= writes_frd ? wb_rd_addr_i[4:0] : '0;
        rvfi_frd_wdata_o  <= writes_frd ? wb_rd_wdata_i : '0;
        rvfi_ext_fflags_o <= wb_fflags_i;
      end
    end
  end else begin : gen_integer
    assign rvfi_frs1_addr_o  = '0;
    assign rvfi_frs2_addr_o  = '0;
    assign rvfi_frs3_addr_o  = '0;
    assign rvfi_frs1_rdata_o = '0;
    assign rvfi_frs2_rdata_o = '0;
    assign rvfi_frs3_rdata_o = '0;
    assign rvfi_frd_wvalid_o = 1'b0;
    assign rvfi_frd_addr_o   = '0;
    assign rvfi_frd_wdata_o  = '0;
    assign rvfi_ext_fflags_o = '0;

    wire logic unused_float = ^{id_rs3_addr_i, id_rs3_i, wb_fflags_i};
  end

  // ---- Assertions ----------------------------------------------------------------------------

`ifndef SYNTHESIS
  logic        chained_q;       // next_pc_q is that of the instruction before
  logic [31:0] next_pc_q;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      chained_q <= 1'b0;
    end else if (wb_retire_i) begin
      chained_q <= 1'b1;
      next_pc_q <= wb_failed_i ? wb_vector_i : wb_next_pc_q;

      RetiresInOrder: assert (!chained_q || wb_intr_q || wb_pc_q == next_pc_q)
        else $error("pc %h retires, the instruction before leads to %h", wb_pc_q, next_pc_q);
    end
  end
`endif

endmodule

`default_nettype wire
