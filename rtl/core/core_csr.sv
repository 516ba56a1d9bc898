// SPDX-License-Identifier: MIT OR Apache-2.0
// Control and status registers, the state of traps, and the choice among interrupts.
`default_nettype none

module core_csr #(
  parameter bit FLOAT = 0                    // with RV32F
) (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  // EX: a CSR instruction. It takes effect in the cycle with commit_i.
  input  wire logic        access_i,
  input  wire logic [11:0] addr_i,
  input  wire logic [1:0]  funct3_i,         // 1 write, 2 set, 3 clear
  input  wire logic        writes_i,         // set and clear with x0 or 0 do not
  input  wire logic [31:0] operand_i,
  input  wire logic        commit_i,
  output      logic [31:0] rdata_o,          // the value before
  output wire logic        illegal_o,        // there is no such register, or it is read-only
  output wire logic        waits_o,          // depends on what retires, or that on it: access
                                             // with nothing in WB
  output wire logic        skips_instret_o,  // a write to minstret does not count itself

  // Trap entry and return.
  input  wire logic        trap_i,
  input  wire logic        interrupt_i,      // with trap_i: an interrupt, else an exception
  input  wire logic [4:0]  cause_i,
  input  wire logic [31:1] pc_i,
  input  wire logic [31:0] tval_i,
  output wire logic [31:0] vector_o,         // with trap_i: the address of the handler
  input  wire logic        mret_i,
  output wire logic [31:0] mepc_o,

  // Interrupts, in the order of core_pkg::MI_*.
  input  wire logic [2:0]  mip_i,            // the lines
  input  wire logic [2:0]  decision_mip_i,   // the lines when the instruction in EX came there
  output wire logic        wakeup_o,         // a line is up that mie enables
  output wire logic        irq_o,            // the instruction in EX is not executed
  output      logic [4:0]  irq_cause_o,

  // Floats. An instruction in WB raises flags, and changes the state of the float registers.
  input  wire logic [4:0]  fflags_i,
  input  wire logic        float_write_i,
  output wire logic        float_off_o,      // its instructions are illegal
  output wire logic [2:0]  frm_o,
  output wire logic [7:0]  fcsr_o,           // for observers
  output wire logic [1:0]  fs_o,

  // Counters: see core_counters.
  input  wire logic [14:2] event_i,
  output wire logic [14:0] inhibit_o,
  input  wire logic [3:0]  perf_select_i,
  output wire logic [63:0] perf_o
);

  import core_pkg::*;

  // ---- Registers -----------------------------------------------------------------------------

  logic        mie_q, mpie_q;         // in mstatus
  logic [2:0]  enabled_q;             // mie
  logic [29:0] base_q;                // mtvec
  logic        vectored_q;
  logic [31:0] mscratch_q;
  logic [30:0] mepc_q;
  logic        cause_interrupt_q;     // mcause
  logic [4:0]  cause_q;
  logic [31:0] mtval_q;

  logic [1:0]  fs;                    // mstatus.FS
  logic [7:0]  fcsr;                  // frm, fflags

  // ---- Read ----------------------------------------------------------------------------------

  wire logic [4:0]  number = addr_i[4:0];
  wire logic [31:0] counter_rdata;

  wire logic machine_counter = addr_i[11:5] == CSR_MCOUNTER_LOW ||
                               addr_i[11:5] == CSR_MCOUNTER_HIGH;
  wire logic user_counter    = addr_i[11:5] == CSR_COUNTER_LOW ||
                               addr_i[11:5] == CSR_COUNTER_HIGH;
  wire logic of_float        = FLOAT && (addr_i == CSR_FFLAGS || addr_i == CSR_FRM ||
                                         addr_i == CSR_FCSR);

  logic exists;

  always_comb begin
    rdata_o = '0;
    exists  = 1'b1;
    if (access_i) begin
      case (addr_i)
        CSR_MSTATUS:       rdata_o = {fs == 2'b11, 16'b0, fs, 2'b11, 3'b0, mpie_q, 3'b0, mie_q,
                                      3'b0};
        CSR_MISA:          rdata_o = FLOAT ? MISA_FLOAT : MISA;
        CSR_MIE:           rdata_o = irq_bits(enabled_q);
        CSR_MTVEC:         rdata_o = {base_q, 1'b0, vectored_q};
        CSR_MCOUNTINHIBIT: rdata_o = {17'b0, inhibit_o};
        CSR_MSCRATCH:      rdata_o = mscratch_q;
        CSR_MEPC:          rdata_o = {mepc_q, 1'b0};
        CSR_MCAUSE:        rdata_o = {cause_interrupt_q, 26'b0, cause_q};
        CSR_MTVAL:         rdata_o = mtval_q;
        CSR_MIP:           rdata_o = irq_bits(mip_i);
        CSR_MIMPID:        rdata_o = MIMPID;
        CSR_MSTATUSH, CSR_MVENDORID, CSR_MARCHID, CSR_MHARTID, CSR_MCONFIGPTR: ;
        default: begin
          if (machine_counter) begin
            exists  = number != 5'd1;
            rdata_o = counter_rdata;
          end else if (user_counter) begin
            exists  = number == 5'd0 || number == 5'd2;
            rdata_o = counter_rdata;
          end else if (addr_i[11:5] == CSR_MHPMEVENT_BASE) begin
            exists  = number >= 5'd3;
            rdata_o = number < 5'd15 ? {27'b0, number} : '0;
          end else if (of_float) begin
            exists = !float_off_o;
            case (addr_i)
              CSR_FFLAGS: rdata_o = {27'b0, fcsr[4:0]};
              CSR_FRM:    rdata_o = {29'b0, fcsr[7:5]};
              default:    rdata_o = {24'b0, fcsr};
            endcase
          end else begin
            exists = 1'b0;
          end
        end
      endcase
    end
  end

  assign illegal_o = !exists || (access_i && writes_i && addr_i[11:10] == 2'b11);
  assign waits_o   = machine_counter || user_counter ||
                     (FLOAT && (of_float || addr_i == CSR_MSTATUS));

  // ---- Write ---------------------------------------------------------------------------------

  wire logic write = commit_i && writes_i;

  logic [31:0] wdata;
  always_comb begin
    wdata = '0;
    if (write) begin
      case (funct3_i)
        2'd2:    wdata = rdata_o | operand_i;
        2'd3:    wdata = rdata_o & ~operand_i;
        default: wdata = operand_i;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      mie_q             <= 1'b0;
      mpie_q            <= 1'b0;
      enabled_q         <= '0;
      base_q            <= '0;
      vectored_q        <= 1'b0;
      mscratch_q        <= '0;
      mepc_q            <= '0;
      cause_interrupt_q <= 1'b0;
      cause_q           <= '0;
      mtval_q           <= '0;
    end else if (trap_i) begin
      mie_q             <= 1'b0;
      mpie_q            <= mie_q;
      mepc_q            <= pc_i;
      cause_interrupt_q <= interrupt_i;
      cause_q           <= cause_i;
      mtval_q           <= tval_i;
    end else if (mret_i) begin
      mie_q             <= mpie_q;
      mpie_q            <= 1'b1;
    end else if (write) begin
      case (addr_i)
        CSR_MSTATUS: begin
          mie_q  <= wdata[3];
          mpie_q <= wdata[7];
        end
        CSR_MIE: begin
          enabled_q[MI_SOFTWARE] <= wdata[IRQ_SOFTWARE];
          enabled_q[MI_TIMER]    <= wdata[IRQ_TIMER];
          enabled_q[MI_EXTERNAL] <= wdata[IRQ_EXTERNAL];
        end
        CSR_MTVEC: begin
          base_q     <= wdata[31:2];
          vectored_q <= wdata[0];
        end
        CSR_MSCRATCH: mscratch_q <= wdata;
        CSR_MEPC:     mepc_q     <= wdata[31:1];
        CSR_MCAUSE: begin
          cause_interrupt_q <= wdata[31];
          cause_q           <= wdata[4:0];
        end
        CSR_MTVAL:    mtval_q    <= wdata;
        default: ;    // the counters have their own; others ignore writes
      endcase
    end
  end

  // ---- Floats --------------------------------------------------------------------------------

  if (FLOAT) begin : gen_float
    logic [1:0] fs_q;
    logic [7:0] fcsr_q;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        fs_q   <= '0;
        fcsr_q <= '0;
      end else begin
        // No instruction is in WB when one writes these registers.
        if (fflags_i != '0) fcsr_q[4:0] <= fcsr_q[4:0] | fflags_i;
        if (float_write_i || fflags_i != '0 || (write && of_float)) fs_q <= 2'b11;
        if (write) begin
          case (addr_i)
            CSR_MSTATUS: fs_q        <= wdata[14:13];
            CSR_FFLAGS:  fcsr_q[4:0] <= wdata[4:0];
            CSR_FRM:     fcsr_q[7:5] <= wdata[2:0];
            CSR_FCSR:    fcsr_q      <= wdata[7:0];
            default: ;
          endcase
        end
      end
    end

    assign fs   = fs_q;
    assign fcsr = fcsr_q;
  end else begin : gen_integer
    assign fs   = '0;
    assign fcsr = '0;

    wire logic unused_float = ^{fflags_i, float_write_i};
  end

  assign float_off_o = fs == 2'b00;
  assign frm_o       = fcsr[7:5];
  assign fcsr_o      = fcsr;
  assign fs_o        = fs;

  // ---- Traps and interrupts ------------------------------------------------------------------

  assign vector_o = {base_q + (interrupt_i && vectored_q ? 30'(cause_i) : 30'd0), 2'b00};
  assign mepc_o   = {mepc_q, 1'b0};

  assign wakeup_o = (mip_i & enabled_q) != '0;

  wire logic [2:0] pending = decision_mip_i & enabled_q;

  assign irq_o = mie_q && pending != '0;

  always_comb begin
    if (pending[MI_EXTERNAL])      irq_cause_o = IRQ_EXTERNAL;
    else if (pending[MI_SOFTWARE]) irq_cause_o = IRQ_SOFTWARE;
    else                           irq_cause_o = IRQ_TIMER;
  end

  // ---- Counters ------------------------------------------------------------------------------

  assign skips_instret_o = writes_i && machine_counter && number == 5'(COUNTER_INSTRET);

  core_counters u_counters (
    .clk_i, .rst_ni,
    .event_i,
    .inhibit_o,
    .write_i         (write && machine_counter),
    .write_inhibit_i (write && addr_i == CSR_MCOUNTINHIBIT),
    .high_i          (addr_i[7]),
    .wdata_i         (wdata),
    .read_i          (access_i && (machine_counter || user_counter)),
    .number_i        (number),
    .rdata_o         (counter_rdata),
    .perf_select_i,
    .perf_o
  );

endmodule

`default_nettype wire
