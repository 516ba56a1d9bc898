// The RV32IMC core: four stages, in order.
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

  assign instr_req_o = '0;
  assign instr_addr_o = '0;
  assign data_req_o = '0;
  assign data_addr_o = '0;
  assign data_we_o = '0;
  assign data_be_o = '0;
  assign data_wdata_o = '0;
  assign x_issue_valid_o = '0;
  assign x_issue_instr_o = '0;
  assign x_issue_rs1_o = '0;
  assign x_issue_rs2_o = '0;
  assign x_result_ready_o = '0;
  assign x_mem_gnt_o = '0;
  assign x_mem_rvalid_o = '0;
  assign x_mem_err_o = '0;
  assign x_mem_rdata_o = '0;
  assign perf_o = '0;
  assign rvfi_valid_o = '0;
  assign rvfi_order_o = '0;
  assign rvfi_insn_o = '0;
  assign rvfi_trap_o = '0;
  assign rvfi_intr_o = '0;
  assign rvfi_pc_rdata_o = '0;
  assign rvfi_pc_wdata_o = '0;
  assign rvfi_rs1_addr_o = '0;
  assign rvfi_rs2_addr_o = '0;
  assign rvfi_rs1_rdata_o = '0;
  assign rvfi_rs2_rdata_o = '0;
  assign rvfi_rd_addr_o = '0;
  assign rvfi_rd_wdata_o = '0;
  assign rvfi_mem_addr_o = '0;
  assign rvfi_mem_rmask_o = '0;
  assign rvfi_mem_wmask_o = '0;
  assign rvfi_mem_rdata_o = '0;
  assign rvfi_mem_wdata_o = '0;
  assign rvfi_ext_mip_o = '0;
  assign rvfi_ext_cause_o = '0;

endmodule

`default_nettype wire
