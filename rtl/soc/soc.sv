// SPDX-License-Identifier: MIT OR Apache-2.0
// The system: the core with the approximate convolution unit, RAM, timer, interrupts and a UART,
// and outputs by which a simulator follows it. docs/system.md has the memory map and the ports.
`default_nettype none

module soc #(
  parameter  int          RAM_BYTES   = 1 << 20,       // a power of two
  parameter  int          KERNEL      = 5,
  parameter  int          LOG_FRAC    = 0,
  parameter  int          MULTIPLIERS = 4 * KERNEL * KERNEL,
  parameter  int          KERNELS     = 16,
  parameter  int          OPERAND_W   = 32,
  parameter  int          PLANES      = 0,
  parameter  int          UNIT_FLOAT  = 0,             // of the unit: see conv_unit
  parameter  bit          FLOAT       = 0,             // of the core
  parameter  logic [31:0] BOOT_ADDR   = soc_pkg::RAM_BASE,
  localparam int          LANES       = 4 * KERNEL * KERNEL
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,

  // Waiting of both memory ports; 0 is none. All stay as they are from the reset on.
  input  wire logic [3:0]       wait_states_i,     // each grant comes so many cycles late
  input  wire logic [31:0]      stall_seed_i,      // not 0: grants and answers wait at random too

  input  wire logic             irq_set_i,         // makes the external interrupt pending

  // What a simulator waits for: bit 0 an instruction retired, bit 1 a byte from the UART, bit 2 a
  // store to tohost_addr_i of something other than 0. One cycle each.
  input  wire logic [31:0]      tohost_addr_i,     // a multiple of 4; 0: nowhere
  input  wire logic [2:0]       event_enable_i,
  output wire logic [2:0]       event_o,
  output wire logic [7:0]       uart_data_o,       // the last byte
  output wire logic [31:0]      tohost_o,          // the last word other than 0

  // A counter of the core, combinational: see core.
  input  wire logic [3:0]       perf_select_i,
  output wire logic [63:0]      perf_o,

  // A counter of the unit, conv_approx_pkg::COUNTER_*, selected in the cycle before; in the cycle
  // of a conv.read the one that is read.
  input  wire logic [3:0]       unit_select_i,
  output wire logic [31:0]      unit_counter_o,

  output wire logic [2:0]       irq_lines_o,       // external, timer, software

  // RISC-V Formal Interface: see core_rvfi.
  output wire logic             rvfi_valid_o,
  output wire logic [63:0]      rvfi_order_o,
  output wire logic [31:0]      rvfi_insn_o,
  output wire logic             rvfi_trap_o,
  output wire logic             rvfi_intr_o,
  output wire logic [31:0]      rvfi_pc_rdata_o,
  output wire logic [31:0]      rvfi_pc_wdata_o,
  output wire logic [4:0]       rvfi_rs1_addr_o,
  output wire logic [4:0]       rvfi_rs2_addr_o,
  output wire logic [31:0]      rvfi_rs1_rdata_o,
  output wire logic [31:0]      rvfi_rs2_rdata_o,
  output wire logic [4:0]       rvfi_rd_addr_o,
  output wire logic [31:0]      rvfi_rd_wdata_o,
  output wire logic [31:0]      rvfi_mem_addr_o,
  output wire logic [3:0]       rvfi_mem_rmask_o,
  output wire logic [3:0]       rvfi_mem_wmask_o,
  output wire logic [31:0]      rvfi_mem_rdata_o,
  output wire logic [31:0]      rvfi_mem_wdata_o,
  output wire logic [4:0]       rvfi_frs1_addr_o,
  output wire logic [4:0]       rvfi_frs2_addr_o,
  output wire logic [4:0]       rvfi_frs3_addr_o,
  output wire logic [31:0]      rvfi_frs1_rdata_o,
  output wire logic [31:0]      rvfi_frs2_rdata_o,
  output wire logic [31:0]      rvfi_frs3_rdata_o,
  output wire logic             rvfi_frd_wvalid_o,
  output wire logic [4:0]       rvfi_frd_addr_o,
  output wire logic [31:0]      rvfi_frd_wdata_o,
  output wire logic [4:0]       rvfi_ext_fflags_o,
  output wire logic [7:0]       rvfi_ext_fcsr_o,
  output wire logic [1:0]       rvfi_ext_fs_o,
  output wire logic [31:0]      rvfi_ext_mip_o,
  output wire logic [31:0]      rvfi_ext_cause_o,

  // Of the last run of the unit that ended well, also while rvfi_valid_o reports that run.
  output wire logic [127:0]     conv_output_o,     // 4 words, output 0 lowest
  output wire logic [63:0]      conv_smax_o,       // 4 scores as in conv.carry
  output wire logic [LANES-1:0] conv_keep_o        // the products multiplied: see conv_unit
);

  localparam int ADDR_W = $clog2(RAM_BYTES / 4);
  localparam int RAM_W  = $clog2(RAM_BYTES);

  // ---- Inputs that rest ----------------------------------------------------------------------

  // Behind registers, so that a simulator does not evaluate all that depends on them anew.
  logic [3:0]  wait_states_q, unit_select_q;
  logic [31:0] stall_seed_q;
  always_ff @(posedge clk_i) begin
    wait_states_q <= wait_states_i;
    stall_seed_q  <= stall_seed_i;
    unit_select_q <= unit_select_i;
  end

  wire logic [3:0] hold;        // of grants and answers, at random

  soc_random u_random (
    .clk_i, .rst_ni,
    .seed_i (stall_seed_q),
    .bits_o (hold)
  );

  // ---- Core and unit -------------------------------------------------------------------------

  wire logic        instr_req, instr_gnt, instr_rvalid, instr_err;
  wire logic [31:0] instr_addr, instr_rdata;
  wire logic        data_req, data_gnt, data_we, data_rvalid, data_err;
  wire logic [31:0] data_addr, data_wdata, data_rdata;
  wire logic [3:0]  data_be;
  wire logic        irq_software, irq_timer, irq_external;

  wire logic        x_issue_valid, x_result_valid, x_result_ready, x_result_exc;
  wire logic [31:0] x_issue_instr, x_issue_rs1, x_issue_rs2, x_result_data;
  wire logic [5:0]  x_result_exccode;
  wire logic        x_mem_req, x_mem_gnt, x_mem_rvalid, x_mem_err;
  wire logic [31:0] x_mem_addr, x_mem_rdata;

  core #(
    .BOOT_ADDR (BOOT_ADDR),
    .FLOAT     (FLOAT)
  ) u_core (
    .clk_i, .rst_ni,
    .instr_req_o        (instr_req),
    .instr_gnt_i        (instr_gnt),
    .instr_addr_o       (instr_addr),
    .instr_rvalid_i     (instr_rvalid),
    .instr_err_i        (instr_err),
    .instr_rdata_i      (instr_rdata),
    .data_req_o         (data_req),
    .data_gnt_i         (data_gnt),
    .data_addr_o        (data_addr),
    .data_we_o          (data_we),
    .data_be_o          (data_be),
    .data_wdata_o       (data_wdata),
    .data_rvalid_i      (data_rvalid),
    .data_err_i         (data_err),
    .data_rdata_i       (data_rdata),
    .irq_software_i     (irq_software),
    .irq_timer_i        (irq_timer),
    .irq_external_i     (irq_external),
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
    .x_mem_rdata_o      (x_mem_rdata),
    .perf_select_i, .perf_o,
    .rvfi_valid_o, .rvfi_order_o, .rvfi_insn_o, .rvfi_trap_o, .rvfi_intr_o,
    .rvfi_pc_rdata_o, .rvfi_pc_wdata_o,
    .rvfi_rs1_addr_o, .rvfi_rs2_addr_o, .rvfi_rs1_rdata_o, .rvfi_rs2_rdata_o,
    .rvfi_rd_addr_o, .rvfi_rd_wdata_o,
    .rvfi_mem_addr_o, .rvfi_mem_rmask_o, .rvfi_mem_wmask_o, .rvfi_mem_rdata_o,
    .rvfi_mem_wdata_o, .rvfi_frs1_addr_o, .rvfi_frs2_addr_o, .rvfi_frs3_addr_o,
    .rvfi_frs1_rdata_o, .rvfi_frs2_rdata_o, .rvfi_frs3_rdata_o, .rvfi_frd_wvalid_o,
    .rvfi_frd_addr_o, .rvfi_frd_wdata_o, .rvfi_ext_fflags_o, .rvfi_ext_fcsr_o, .rvfi_ext_fs_o,
    .rvfi_ext_mip_o, .rvfi_ext_cause_o
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
    .counter_select_i   (unit_select_q),
    .counter_o          (unit_counter_o),
    .conv_output_o, .conv_smax_o, .conv_keep_o
  );

  // ---- Instruction side: RAM alone -----------------------------------------------------------

  wire logic        instr_mem_req;
  wire logic [31:0] instr_mem_rdata;
  logic             instr_mem_rvalid_q, instr_mem_err_q;

  soc_port_stall u_instr_stall (
    .clk_i, .rst_ni,
    .wait_states_i (wait_states_q),
    .grant_hold_i  (hold[0]),
    .answer_hold_i (hold[1]),
    .req_i         (instr_req),
    .gnt_o         (instr_gnt),
    .rvalid_o      (instr_rvalid),
    .err_o         (instr_err),
    .rdata_o       (instr_rdata),
    .mem_req_o     (instr_mem_req),
    .mem_rvalid_i  (instr_mem_rvalid_q),
    .mem_err_i     (instr_mem_err_q),
    .mem_rdata_i   (instr_mem_rdata)
  );

  wire logic instr_in_ram = instr_addr[31:RAM_W] == soc_pkg::RAM_BASE[31:RAM_W];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) instr_mem_rvalid_q <= 1'b0;
    else         instr_mem_rvalid_q <= instr_mem_req;
  end

  always_ff @(posedge clk_i) begin
    if (instr_mem_req) instr_mem_err_q <= !instr_in_ram;
  end

  // ---- Data side -----------------------------------------------------------------------------

  wire logic        data_mem_req, data_mem_rvalid, data_mem_err;
  wire logic [31:0] data_mem_rdata;

  soc_port_stall #(
    .OUTSTANDING (1)
  ) u_data_stall (
    .clk_i, .rst_ni,
    .wait_states_i (wait_states_q),
    .grant_hold_i  (hold[2]),
    .answer_hold_i (hold[3]),
    .req_i         (data_req),
    .gnt_o         (data_gnt),
    .rvalid_o      (data_rvalid),
    .err_o         (data_err),
    .rdata_o       (data_rdata),
    .mem_req_o     (data_mem_req),
    .mem_rvalid_i  (data_mem_rvalid),
    .mem_err_i     (data_mem_err),
    .mem_rdata_i   (data_mem_rdata)
  );

  wire logic              ram_req;
  wire logic [ADDR_W-1:0] ram_word;
  wire logic [31:0]       ram_rdata;
  wire logic              msip_write, compare_write, time_write, external_write, uart_write;
  wire logic              device_high;
  wire logic [63:0]       mtimecmp, mtime;

  soc_bus #(
    .RAM_BYTES (RAM_BYTES)
  ) u_bus (
    .clk_i, .rst_ni,
    .req_i            (data_mem_req),
    .addr_i           (data_addr),
    .we_i             (data_we),
    .rvalid_o         (data_mem_rvalid),
    .err_o            (data_mem_err),
    .rdata_o          (data_mem_rdata),
    .ram_req_o        (ram_req),
    .ram_word_o       (ram_word),
    .ram_rdata_i      (ram_rdata),
    .msip_write_o     (msip_write),
    .compare_write_o  (compare_write),
    .time_write_o     (time_write),
    .external_write_o (external_write),
    .uart_write_o     (uart_write),
    .high_o           (device_high),
    .msip_i           (irq_software),
    .compare_i        (mtimecmp),
    .time_i           (mtime),
    .external_i       (irq_external)
  );

  soc_ram #(
    .RAM_BYTES (RAM_BYTES)
  ) u_ram (
    .clk_i,
    .instr_req_i   (instr_mem_req && instr_in_ram),
    .instr_word_i  (instr_addr[RAM_W-1:2]),
    .instr_rdata_o (instr_mem_rdata),
    .data_req_i    (ram_req),
    .data_word_i   (ram_word),
    .data_we_i     (data_we),
    .data_be_i     (data_be),
    .data_wdata_i  (data_wdata),
    .data_rdata_o  (ram_rdata)
  );

  // ---- Devices -------------------------------------------------------------------------------

  soc_interrupt u_software (
    .clk_i, .rst_ni,
    .set_i     (1'b0),
    .write_i   (msip_write),
    .wdata_i   (data_wdata[0]),
    .pending_o (irq_software)
  );

  soc_timer u_timer (
    .clk_i, .rst_ni,
    .compare_write_i (compare_write),
    .time_write_i    (time_write),
    .high_i          (device_high),
    .wdata_i         (data_wdata),
    .compare_o       (mtimecmp),
    .time_o          (mtime),
    .irq_o           (irq_timer)
  );

  soc_interrupt u_external (
    .clk_i, .rst_ni,
    .set_i     (irq_set_i),
    .write_i   (external_write),
    .wdata_i   (data_wdata[0]),
    .pending_o (irq_external)
  );

  wire logic uart_sent;

  soc_uart u_uart (
    .clk_i, .rst_ni,
    .write_i (uart_write),
    .wdata_i (data_wdata[7:0]),
    .sent_o  (uart_sent),
    .byte_o  (uart_data_o)
  );

  assign irq_lines_o = {irq_external, irq_timer, irq_software};

  // ---- tohost and events ---------------------------------------------------------------------

  logic        tohost_written_q;
  logic [31:0] tohost_q;

  wire logic tohost_write = ram_req && data_we && data_addr == tohost_addr_i && data_wdata != '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tohost_written_q <= 1'b0;
      tohost_q         <= '0;
    end else begin
      tohost_written_q <= tohost_write;
      if (tohost_write) tohost_q <= data_wdata;
    end
  end

  assign tohost_o = tohost_q;
  assign event_o  = event_enable_i & {tohost_written_q, uart_sent, rvfi_valid_o};

  // ---- Assertions ----------------------------------------------------------------------------

  if (RAM_BYTES < 1024 || (RAM_BYTES & (RAM_BYTES - 1)) != 0) begin : gen_bad_ram
    $error("RAM_BYTES is %0d; it is a power of two of at least 1024", RAM_BYTES);
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      InstructionAddressIsAligned: assert (!instr_req || instr_addr[1:0] == 2'b00)
        else $error("a fetch at %h", instr_addr);
      DataAddressIsAligned: assert (!data_req || data_addr[1:0] == 2'b00)
        else $error("an access at %h", data_addr);
    end
  end
`endif

endmodule

`default_nettype wire
