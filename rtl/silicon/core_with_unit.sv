// SPDX-License-Identifier: MIT OR Apache-2.0
// The core and the coprocessor of approximate convolution as they would be built: without memory,
// and without the outputs that only observers read.
`default_nettype none

module core_with_unit #(
  parameter int KERNEL      = 3,
  parameter int LOG_FRAC    = 0,
  parameter int MULTIPLIERS = 4 * KERNEL * KERNEL,
  parameter int KERNELS     = 1,
  parameter int OPERAND_W   = 32,
  parameter int PLANES      = 0,
  parameter int UNIT_FLOAT  = 0,
  parameter bit FLOAT       = 0            // of the core
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
  input  wire logic        irq_external_i
);

  wire logic        x_issue_valid, x_result_valid, x_result_ready, x_result_exc;
  wire logic [31:0] x_issue_instr, x_issue_rs1, x_issue_rs2, x_result_data;
  wire logic [5:0]  x_result_exccode;
  wire logic        x_mem_req, x_mem_gnt, x_mem_rvalid, x_mem_err;
  wire logic [31:0] x_mem_addr, x_mem_rdata;

  core_alone #(
    .FLOAT (FLOAT)
  ) u_core (
    .clk_i, .rst_ni,
    .instr_req_o, .instr_gnt_i, .instr_addr_o, .instr_rvalid_i, .instr_err_i, .instr_rdata_i,
    .data_req_o, .data_gnt_i, .data_addr_o, .data_we_o, .data_be_o, .data_wdata_o,
    .data_rvalid_i, .data_err_i, .data_rdata_i,
    .irq_software_i, .irq_timer_i, .irq_external_i,
    .x_issue_valid_o    (x_issue_valid),
    .x_issue_instr_o    (x_issue_instr),
    .x_issue_rs1_o      (x_issue_rs1),
    .x_issue_rs2_o      (x_issue_rs2),
    .x_result_valid_i   (x_result_valid),
    .x_result_ready_o   (x_result_ready),
    .x_result_data_i    (x_result_data),
    .x_result_exc_i     (x_result_exc),
    .x_result_exccode_i (x_result_exccode),
    .x_mem_req_i        (x_mem_req),
    .x_mem_gnt_o        (x_mem_gnt),
    .x_mem_addr_i       (x_mem_addr),
    .x_mem_rvalid_o     (x_mem_rvalid),
    .x_mem_err_o        (x_mem_err),
    .x_mem_rdata_o      (x_mem_rdata)
  );

  conv_coprocessor #(
    .KERNEL      (KERNEL),
    .LOG_FRAC    (LOG_FRAC),
    .MULTIPLIERS (MULTIPLIERS),
    .KERNELS     (KERNELS),
    .OPERAND_W   (OPERAND_W),
    .PLANES      (PLANES),
    .FLOAT       (UNIT_FLOAT)
  ) u_coprocessor (
    .clk_i, .rst_ni,
    .x_issue_valid_i    (x_issue_valid),
    .x_issue_instr_i    (x_issue_instr),
    .x_issue_rs1_i      (x_issue_rs1),
    .x_issue_rs2_i      (x_issue_rs2),
    .x_result_valid_o   (x_result_valid),
    .x_result_ready_i   (x_result_ready),
    .x_result_data_o    (x_result_data),
    .x_result_exc_o     (x_result_exc),
    .x_result_exccode_o (x_result_exccode),
    .x_mem_req_o        (x_mem_req),
    .x_mem_gnt_i        (x_mem_gnt),
    .x_mem_addr_o       (x_mem_addr),
    .x_mem_rvalid_i     (x_mem_rvalid),
    .x_mem_err_i        (x_mem_err),
    .x_mem_rdata_i      (x_mem_rdata),
    .counter_select_i   (4'd0),
    .counter_o          (),
    .conv_output_o      (),
    .conv_smax_o        (),
    .conv_keep_o        ()
  );

endmodule

`default_nettype wire
