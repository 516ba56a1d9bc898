// SPDX-License-Identifier: MIT OR Apache-2.0
// The core as it would be built: without the outputs that only observers read. Logic that nothing
// but them needs goes away in synthesis.
`default_nettype none

module core_alone #(
  parameter bit FLOAT = 0               // with RV32F
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  output wire logic        instr_req_o,
  input  wire logic        instr_gnt_i,
  output wire logic [31:0] instr_addr_o,
  input  wire logic        instr_rvalid_i,
  input  wire logic        instr_err_i,
  input  wire logic [31:0] instr_rdata_i,

  output wire logic        data_req_o,
  input  wire logic        data_gnt_i,
  output wire logic [31:0] data_addr_o,
  output wire logic        data_we_o,
  output wire logic [3:0]  data_be_o,
  output wire logic [31:0] data_wdata_o,
  input  wire logic        data_rvalid_i,
  input  wire logic        data_err_i,
  input  wire logic [31:0] data_rdata_i,

  input  wire logic        irq_software_i,
  input  wire logic        irq_timer_i,
  input  wire logic        irq_external_i,

  output wire logic        x_issue_valid_o,
  output wire logic [31:0] x_issue_instr_o,
  output wire logic [31:0] x_issue_rs1_o,
  output wire logic [31:0] x_issue_rs2_o,
  input  wire logic        x_result_valid_i,
  output wire logic        x_result_ready_o,
  input  wire logic [31:0] x_result_data_i,
  input  wire logic        x_result_exc_i,
  input  wire logic [5:0]  x_result_exccode_i,

  input  wire logic        x_mem_req_i,
  output wire logic        x_mem_gnt_o,
  input  wire logic [31:0] x_mem_addr_i,
  output wire logic        x_mem_rvalid_o,
  output wire logic        x_mem_err_o,
  output wire logic [31:0] x_mem_rdata_o
);

  core #(
    .FLOAT (FLOAT)
  ) u_core (
    .clk_i, .rst_ni,
    .instr_req_o, .instr_gnt_i, .instr_addr_o, .instr_rvalid_i, .instr_err_i, .instr_rdata_i,
    .data_req_o, .data_gnt_i, .data_addr_o, .data_we_o, .data_be_o, .data_wdata_o,
    .data_rvalid_i, .data_err_i, .data_rdata_i,
    .irq_software_i, .irq_timer_i, .irq_external_i,
    .x_issue_valid_o, .x_issue_instr_o, .x_issue_rs1_o, .x_issue_rs2_o,
    .x_result_valid_i, .x_result_ready_o, .x_result_data_i, .x_result_exc_i, .x_result_exccode_i,
    .x_mem_req_i, .x_mem_gnt_o, .x_mem_addr_i, .x_mem_rvalid_o, .x_mem_err_o, .x_mem_rdata_o,
    .perf_select_i     (4'd0),
    .perf_o            (),
    .rvfi_valid_o      (),
    .rvfi_order_o      (),
    .rvfi_insn_o       (),
    .rvfi_trap_o       (),
    .rvfi_intr_o       (),
    .rvfi_pc_rdata_o   (),
    .rvfi_pc_wdata_o   (),
    .rvfi_rs1_addr_o   (),
    .rvfi_rs2_addr_o   (),
    .rvfi_rs1_rdata_o  (),
    .rvfi_rs2_rdata_o  (),
    .rvfi_rd_addr_o    (),
    .rvfi_rd_wdata_o   (),
    .rvfi_mem_addr_o   (),
    .rvfi_mem_rmask_o  (),
    .rvfi_mem_wmask_o  (),
    .rvfi_mem_rdata_o  (),
    .rvfi_mem_wdata_o  (),
    .rvfi_frs1_addr_o  (),
    .rvfi_frs2_addr_o  (),
    .rvfi_frs3_addr_o  (),
    .rvfi_frs1_rdata_o (),
    .rvfi_frs2_rdata_o (),
    .rvfi_frs3_rdata_o (),
    .rvfi_frd_wvalid_o (),
    .rvfi_frd_addr_o   (),
    .rvfi_frd_wdata_o  (),
    .rvfi_ext_fflags_o (),
    .rvfi_ext_fcsr_o   (),
    .rvfi_ext_fs_o     (),
    .rvfi_ext_mip_o    (),
    .rvfi_ext_cause_o  ()
  );

endmodule

`default_nettype wire
