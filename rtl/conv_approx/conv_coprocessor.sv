// SPDX-License-Identifier: MIT OR Apache-2.0
// The instructions of approximate convolution (docs/isa.md): the unit of conv_unit.sv behind the
// coprocessor interface of the core, with the configuration, the carry registers and the results
// that programs see.
`default_nettype none

module conv_coprocessor #(
  parameter  int KERNEL      = 5,
  parameter  int LOG_FRAC    = 0,
  parameter  int MULTIPLIERS = 4 * KERNEL * KERNEL,
  parameter  int KERNELS     = 16,
  parameter  int COUNTERS    = 1,
  parameter  int OPERAND_W   = 32,
  parameter  int PLANES      = 0,
  parameter  int FLOAT       = 0,
  localparam int LANES       = 4 * KERNEL * KERNEL
) (
  input  wire logic             clk_i,
  input  wire logic             rst_ni,

  // An instruction with its operands, all stable from x_issue_valid_i to the result, which comes
  // in the same cycle if the unit is not needed. It is taken in the cycle with x_result_valid_o
  // and x_result_ready_i.
  input  wire logic             x_issue_valid_i,
  input  wire logic [31:0]      x_issue_instr_i,
  input  wire logic [31:0]      x_issue_rs1_i,
  input  wire logic [31:0]      x_issue_rs2_i,
  output wire logic             x_result_valid_o,
  input  wire logic             x_result_ready_i,
  output wire logic [31:0]      x_result_data_o,
  output wire logic             x_result_exc_o,      // instead of the data: an exception
  output wire logic [5:0]       x_result_exccode_o,  // its mcause

  // Reads of the unit, OBI: see window_fetch.
  output wire logic             x_mem_req_o,
  input  wire logic             x_mem_gnt_i,
  output wire logic [31:0]      x_mem_addr_o,
  input  wire logic             x_mem_rvalid_i,
  input  wire logic             x_mem_err_i,
  input  wire logic [31:0]      x_mem_rdata_i,

  // A performance counter of the unit for observers, conv_approx_pkg::COUNTER_*; in the cycle of a
  // conv.read the one that is read.
  input  wire logic [3:0]       counter_select_i,
  output wire logic [31:0]      counter_o,

  // Of the last run that ended well, from the cycle after its result on.
  output wire logic [127:0]     conv_output_o,
  output wire logic [63:0]      conv_smax_o,         // as in conv.carry, output 0 lowest
  output wire logic [LANES-1:0] conv_keep_o          // as keep_o of the unit
);

  import conv_approx_pkg::*;

  localparam int SMAX_W = log_width(OPERAND_W, LOG_FRAC, FLOAT) + 2;   // {valid, score}
  localparam int SLOT_W = (KERNELS == 1) ? 1 : $clog2(KERNELS);

  localparam logic [2:0] CONV_LOAD   = 3'd0;
  localparam logic [2:0] CONV_RUN    = 3'd1;
  localparam logic [2:0] CONV_AGAIN  = 3'd2;
  localparam logic [2:0] CONV_READ   = 3'd3;
  localparam logic [2:0] CONV_CONFIG = 3'd4;
  localparam logic [2:0] CONV_CARRY  = 3'd5;
  localparam logic [2:0] CONV_CLEAR  = 3'd6;
  localparam logic [2:0] CONV_PLANE  = 3'd7;

  // mcause.
  localparam logic [5:0] ILLEGAL     = 6'd2;
  localparam logic [5:0] MISALIGNED  = 6'd4;
  localparam logic [5:0] LOAD_FAULT  = 6'd5;

  // ---- State that programs see ---------------------------------------------------------------

  mode_t                  mode_q;
  logic                   plane_q, running_q, tile_q;
  logic [3:0]             side_q;
  logic [7:0]             slot_q;
  logic [THRESHOLD_W-1:0] threshold_q;
  logic [4*SMAX_W-1:0]    carry_q;
  logic [KERNELS-1:0]     loaded_q;    // slots that have a kernel
  logic [31:0]            map_addr_q, plane_addr_q;  // of a feature map, and of its log plane
  logic [127:0]           output_q;
  logic [4*SMAX_W-1:0]    smax_q;
  logic [LANES-1:0]       keep_q;

  wire logic [31:0] configuration =
      {15'b0, plane_q, slot_q, side_q, tile_q, running_q, mode_q};

  // ---- The instruction -----------------------------------------------------------------------

  // The operands of other instructions stay out: an idle unit does not toggle with them.
  wire logic [31:12] instr   = x_issue_instr_i[31:12] & {20{x_issue_valid_i}};
  wire logic [31:0] rs1      = x_issue_rs1_i & {32{x_issue_valid_i}};
  wire logic [31:0] rs2      = x_issue_rs2_i & {32{x_issue_valid_i}};
  wire logic [2:0]  funct3   = instr[14:12];
  wire logic        rs1_none = instr[19:15] == '0;
  wire logic        rs2_none = instr[24:20] == '0;

  wire logic [7:0]  side = rs1[7:0] == '0 ? {4'b0, side_q} : rs1[7:0];
  wire logic [7:0]  slot = funct3 == CONV_LOAD ? rs1[15:8] :
                           funct3 == CONV_RUN  ? slot_q : rs1[7:0];
  wire logic        slot_fits = 32'(slot) < 32'(KERNELS);
  wire logic        no_kernel = !slot_fits || !loaded_q[slot[SLOT_W-1:0]];

  wire logic [THRESHOLD_W-1:0] new_threshold =
      rs2[31:THRESHOLD_W] != '0 ? '1 : rs2[THRESHOLD_W-1:0];

  wire logic unaligned = (rs2 & 32'(OPERAND_W / 8 - 1)) != '0;

  // What the instruction itself says; the unit refuses a window that it does not hold.
  logic illegal, misaligned;
  always_comb begin
    illegal    = 1'b0;
    misaligned = 1'b0;
    if (x_issue_valid_i) begin
      case (funct3)
        CONV_LOAD: begin
          illegal    = side == '0 || 32'(side) > 32'(KERNEL) || !slot_fits;
          misaligned = unaligned;
        end
        CONV_RUN: begin
          illegal    = no_kernel;
          misaligned = unaligned;
        end
        CONV_AGAIN:  illegal = no_kernel || !rs2_none;
        CONV_READ:   illegal = !rs2_none;
        CONV_CONFIG: illegal = (rs1[1:0] == MODE_APPROX && rs2 == '0) ||
                               32'(rs1[7:4]) > 32'(KERNEL) ||
                               32'(rs1[15:8]) >= 32'(KERNELS) || rs1[31:17] != '0 ||
                               (rs1[16] && PLANES == 0);
        CONV_CARRY:  ;
        CONV_CLEAR:  illegal = !rs1_none || !rs2_none;
        default:     illegal = PLANES == 0;  // CONV_PLANE
      endcase
      if (instr[31:25] != '0) illegal = 1'b1;
    end
  end

  wire logic refused  = illegal || misaligned;
  wire logic for_unit = x_issue_valid_i && !refused &&
                        (funct3 == CONV_LOAD || funct3 == CONV_RUN || funct3 == CONV_AGAIN);

  // ---- The unit ------------------------------------------------------------------------------

  // From the cycle after the command to the one in which its result is taken.
  logic busy_q;

  wire logic                unit_ready, unit_done;
  wire logic [1:0]          unit_error;
  wire logic [127:0]        unit_output;
  wire logic [4*SMAX_W-1:0] unit_smax;
  wire logic [LANES-1:0]    unit_keep;
  wire logic [31:0]         counter;

  // The window's first word, counted from that of the map.
  localparam int BYTE_W = $clog2(OPERAND_W / 8);
  wire logic [31:0] plane_index = 32'(signed'(rs2 - map_addr_q) >>> BYTE_W);

  wire logic reads   = x_issue_valid_i && funct3 == CONV_READ;
  wire logic command = for_unit && !busy_q;
  wire logic taken   = x_result_valid_o && x_result_ready_i;
  wire logic good    = taken && !x_result_exc_o;

  conv_unit #(
    .KERNEL      (KERNEL),
    .LOG_FRAC    (LOG_FRAC),
    .MULTIPLIERS (MULTIPLIERS),
    .MEM_WIDTH   (32),
    .KERNELS     (KERNELS),
    .COUNTERS    (COUNTERS),
    .OPERAND_W   (OPERAND_W),
    .PLANES      (PLANES),
    .FLOAT       (FLOAT)
  ) u_unit (
    .clk_i, .rst_ni,
    .cmd_valid_i     (command),
    .cmd_ready_o     (unit_ready),
    .cmd_op_i        (funct3 == CONV_LOAD ? OP_LOAD_KERNEL : OP_RUN_WINDOW),
    .cmd_size_i      (funct3 == CONV_LOAD ? {24'b0, side} : rs1),
    .cmd_addr_i      (rs2),
    .cmd_kernel_i    (slot),
    .cmd_reuse_i     (funct3 == CONV_AGAIN),
    .cmd_tile_i      (tile_q),
    .cmd_mode_i      (mode_q),
    .cmd_threshold_i (threshold_q),
    .cmd_running_i   (running_q),
    .cmd_smax_i      (carry_q),
    .cmd_plane_i       (plane_q),
    .cmd_plane_addr_i  (plane_addr_q),
    .cmd_plane_index_i (plane_index),
    .done_valid_o    (unit_done),
    .done_ready_i    (x_result_ready_i),
    .error_o         (unit_error),
    .output_o        (unit_output),
    .smax_o          (unit_smax),
    .keep_o          (unit_keep),
    .mem_req_o       (x_mem_req_o),
    .mem_gnt_i       (x_mem_gnt_i),
    .mem_addr_o      (x_mem_addr_o),
    .mem_rvalid_i    (x_mem_rvalid_i),
    .mem_err_i       (x_mem_err_i),
    .mem_rdata_i     (x_mem_rdata_i),
    .counter_clear_i (good && funct3 == CONV_CLEAR),
    .counter_select_i(reads ? rs1[3:0] : counter_select_i),   // its index is 16 and up
    .counter_o       (counter)
  );

  // ---- The result ----------------------------------------------------------------------------

  wire logic unit_failed = unit_error != ERROR_NONE;

  assign x_result_valid_o   = for_unit ? busy_q && unit_done : x_issue_valid_i;
  assign x_result_exc_o     = for_unit ? unit_failed : refused;
  assign x_result_exccode_o = illegal || (for_unit && unit_error == ERROR_COMMAND) ? ILLEGAL :
                              misaligned ? MISALIGNED : LOAD_FAULT;

  // S_max as in conv.carry, in 16 bits.
  function automatic logic [15:0] carry_field(input logic [SMAX_W-1:0] smax);
    carry_field = {smax[SMAX_W-1], 15'(smax[SMAX_W-2:0])};
  endfunction

  logic [31:0] data;
  always_comb begin
    data = '0;
    if (x_issue_valid_i) begin
      case (funct3)
        CONV_RUN, CONV_AGAIN: data = unit_output[31:0];
        CONV_CONFIG:          data = configuration;
        CONV_READ: begin
          if (rs1[31:2] == 30'd0)                       data = output_q[32*rs1[1:0] +: 32];
          else if (rs1[31:2] == 30'd1)                  data = {16'b0,
                                                  carry_field(carry_q[SMAX_W*rs1[1:0] +: SMAX_W])};
          else if (rs1 == 32'd8)                        data = 32'(threshold_q);
          else if (rs1 == 32'd9)                        data = configuration;
          else if (rs1 == 32'd11)                       data = map_addr_q;
          else if (rs1 == 32'd12)                       data = plane_addr_q;
          else if (rs1 == 32'd10) begin
            for (int lane = 0; lane < LANES; lane++) data = data + 32'(keep_q[lane]);
          end
          else if (rs1 >= 32'd16 && rs1 <= 32'd28)      data = counter;
          else if (rs1 == 32'd32)                       data = 32'(KERNEL);
          else if (rs1 == 32'd33)                       data = 32'(LOG_FRAC);
          else if (rs1 == 32'd34)                       data = 32'(MULTIPLIERS);
          else if (rs1 == 32'd35)                       data = 32'(KERNELS);
          else if (rs1 == 32'd36)                       data = 32'(OPERAND_W);
          else if (rs1 == 32'd37)                       data = 32'(PLANES);
          else if (rs1 == 32'd38)                       data = 32'(FLOAT);
        end
        default: ;
      endcase
    end
  end

  assign x_result_data_o = data;
  assign counter_o       = counter;

  assign conv_output_o = output_q;
  assign conv_keep_o   = keep_q;
  for (genvar out = 0; out < 4; out++) begin : gen_smax
    assign conv_smax_o[16*out +: 16] = carry_field(smax_q[SMAX_W*out +: SMAX_W]);
  end

  // ---- Changes of state ----------------------------------------------------------------------

  // A score counts only if it is valid, and only of the outputs that the tile has.
  function automatic logic [SMAX_W-1:0] valid_only(input logic [SMAX_W-1:0] smax);
    valid_only = smax[SMAX_W-1] ? smax : '0;
  endfunction

  logic [4*SMAX_W-1:0] run_smax, new_carry;
  always_comb begin
    run_smax  = '0;
    new_carry = '0;
    if (good) begin
      for (int out = 0; out < 4; out++) begin
        if (out == 0 || tile_q) begin
          run_smax[SMAX_W*out +: SMAX_W] = valid_only(unit_smax[SMAX_W*out +: SMAX_W]);
        end
      end
      new_carry = {valid_only({rs2[31], rs2[16 +: SMAX_W-1]}),
                   valid_only({rs2[15], rs2[0 +: SMAX_W-1]}),
                   valid_only({rs1[31], rs1[16 +: SMAX_W-1]}),
                   valid_only({rs1[15], rs1[0 +: SMAX_W-1]})};
    end
  end

  wire logic ran = good && (funct3 == CONV_RUN || funct3 == CONV_AGAIN);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
    end else begin
      if (command)    busy_q <= 1'b1;
      else if (taken) busy_q <= 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {plane_q, slot_q, side_q, tile_q, running_q, mode_q} <= '0;
      {map_addr_q, plane_addr_q} <= '0;
      threshold_q <= '0;
      carry_q     <= '0;
      loaded_q    <= '0;
      output_q    <= '0;
      smax_q      <= '0;
      keep_q      <= '0;
    end else if (good) begin
      if (ran) begin
        output_q <= unit_output;
        keep_q   <= unit_keep;
        smax_q   <= run_smax;
        carry_q  <= run_smax;
      end
      if (funct3 == CONV_LOAD) loaded_q[slot[SLOT_W-1:0]] <= 1'b1;
      if (funct3 == CONV_CARRY) carry_q <= new_carry;
      if (funct3 == CONV_CONFIG) begin
        {plane_q, slot_q, side_q, tile_q, running_q, mode_q} <= rs1[16:0];
        threshold_q <= new_threshold;
      end
      if (funct3 == CONV_PLANE) {map_addr_q, plane_addr_q} <= {rs1, rs2};
    end
  end

  // ---- Assertions ----------------------------------------------------------------------------

  if (KERNEL > 7) begin : gen_bad_kernel
    $error("KERNEL is %0d; the field `side` of the instructions takes up to 7", KERNEL);
  end

`ifndef SYNTHESIS
  logic        waiting_q;
  logic [95:0] issued_q;

  always_ff @(posedge clk_i) begin
    waiting_q <= rst_ni && x_issue_valid_i && !taken;
    if (x_issue_valid_i) issued_q <= {x_issue_instr_i, x_issue_rs1_i, x_issue_rs2_i};
    if (rst_ni) begin
      IssueHeldUntilResult: assert (!waiting_q || (x_issue_valid_i &&
                                    {x_issue_instr_i, x_issue_rs1_i, x_issue_rs2_i} == issued_q))
        else $error("the instruction or an operand changed before its result");
      UnitIsReady: assert (!command || unit_ready)
        else $error("a command to the unit before it is idle");
      UnitRefusesWindowsOnly: assert (!(busy_q && unit_done && unit_error == ERROR_COMMAND) ||
                                      funct3 == CONV_AGAIN)
        else $error("the unit refuses a command that is none of conv.again");
      ReadsOnlyInCommands: assert (!x_mem_req_o || busy_q)
        else $error("the unit reads without a command");
      ResultIsTakenAtOnce: assert (!x_result_valid_o || x_result_ready_i)
        else $error("the core does not take a result");
    end
  end
`endif

endmodule

`default_nettype wire
