// SPDX-License-Identifier: MIT OR Apache-2.0
// The approximate convolution unit (the paper's section IV).
//
// Two commands: load a kernel of side k <= KERNEL into one of KERNELS slots; run a window, which
// convolves one of those kernels with a (k+1) x (k+1) block of the input (tile 2x2, four outputs)
// or a k x k block (tile 1x1). The block is fetched, or the one of the run before is used again.
// With log planes the logs of the block can be fetched first, and a word only if a product needs it.
// docs/unit.md has the state machine, timing diagrams and the cycle table.
`default_nettype none

module conv_unit #(
  parameter  int KERNEL      = 3,
  parameter  int LOG_FRAC    = 0,            // fraction bits of the log proxy, 0 .. 8
  parameter  int MULTIPLIERS = 4 * KERNEL * KERNEL,  // 4*KERNEL^2: parallel; fewer: serial
  parameter  int MEM_WIDTH   = 32,           // 32 or 128
  parameter  int KERNELS     = 1,            // kernels that are kept, 1 .. 256
  parameter  int COUNTERS    = 1,            // 1: performance counters; 0: none
  parameter  int OPERAND_W   = 32,           // bits of a word: a weight, an activation; 8, 16, 32
  parameter  int PLANES      = 0,            // 1: windows can be fetched by their log planes
  parameter  int FLOAT       = 0,            // 1: words are floats, of 32 bits or bfloat16
  localparam int PRODUCTS    = KERNEL * KERNEL,
  localparam int LANES       = 4 * PRODUCTS,
  localparam int LOG_W       = conv_approx_pkg::log_width(OPERAND_W, LOG_FRAC, FLOAT),
  localparam int SMAX_W      = LOG_W + 2     // {valid, score}
) (
  input  wire logic                 clk_i,
  input  wire logic                 rst_ni,

  // Command: taken in the cycle in which cmd_valid_i and cmd_ready_o are high. cmd_ready_o does
  // not depend on cmd_valid_i. The first read goes out in the next.
  input  wire logic                 cmd_valid_i,
  output wire logic                 cmd_ready_o,
  input  wire logic                 cmd_op_i,         // conv_approx_pkg::OP_*
  input  wire logic [31:0]          cmd_size_i,       // load: kernel side; run: row pitch in words
  input  wire logic [31:0]          cmd_addr_i,       // byte address of the first word
  input  wire logic [7:0]           cmd_kernel_i,     // slot of the kernel, below KERNELS
  input  wire logic                 cmd_reuse_i,      // run: on the window of the run before, of
                                                      // which size and address are not read
  input  wire logic                 cmd_tile_i,       // run: 0 is one output, 1 is 2x2
  input  wire conv_approx_pkg::mode_t cmd_mode_i,     // run: conv_approx_pkg::MODE_*
  input  wire logic [conv_approx_pkg::THRESHOLD_W-1:0] cmd_threshold_i,  // run: T >= 1
  input  wire logic                 cmd_running_i,    // run: S_max starts from cmd_smax_i
  input  wire logic [4*SMAX_W-1:0]  cmd_smax_i,       // run: {valid, score} of each output
  input  wire logic                 cmd_plane_i,      // run that fetches: by the log plane
  input  wire logic [31:0]          cmd_plane_addr_i, // with cmd_plane_i: byte address of the plane
  input  wire logic [31:0]          cmd_plane_index_i,// with cmd_plane_i: the window's first word, as
                                                      // an entry of the plane; may be negative

  // Result: done_valid_o and all of the below hold until done_ready_i. With an error only error_o
  // has a meaning.
  output wire logic                 done_valid_o,
  input  wire logic                 done_ready_i,
  output wire logic [1:0]           error_o,          // conv_approx_pkg::ERROR_*
  output wire logic [127:0]         output_o,         // 4 sums of 32 bits; output 0 is the
                                                      // lowest, top left
  output wire logic [4*SMAX_W-1:0]  smax_o,           // {valid, score} of each output
  output wire logic [LANES-1:0]     keep_o,           // which products were multiplied

  // Memory port, read only, OBI: see window_fetch.
  output wire logic                 mem_req_o,
  input  wire logic                 mem_gnt_i,
  output wire logic [31:0]          mem_addr_o,
  input  wire logic                 mem_rvalid_i,
  input  wire logic                 mem_err_i,
  input  wire logic [MEM_WIDTH-1:0] mem_rdata_i,

  // Performance counters: see conv_counters. Without them they read 0.
  input  wire logic                 counter_clear_i,
  input  wire logic [3:0]           counter_select_i,
  output wire logic [31:0]          counter_o
);

  import conv_approx_pkg::*;

  localparam int SPAN   = KERNEL + 1;
  localparam int BUFFER = SPAN * SPAN;
  localparam int SIDE_W = $clog2(KERNEL + 2);
  localparam int KEPT_W = $clog2(LANES + 1);
  localparam int SLOT_W = (KERNELS == 1) ? 1 : $clog2(KERNELS);
  localparam int PITCH_W = 32 - $clog2(OPERAND_W / 8);

  state_e state_q, state_d;

  // ---- Command -------------------------------------------------------------------------------

  logic                   op_q, tile_q, running_q;
  logic [PITCH_W-1:0]     size_q;         // further bits of a pitch are beyond all addresses
  logic [SLOT_W-1:0]      slot_q;         // read in a load
  mode_t                  mode_q;
  logic [1:0]             error_q;
  logic [THRESHOLD_W-1:0] threshold_q;
  logic [4*SMAX_W-1:0]    smax_q;

  assign cmd_ready_o = state_q == IDLE;
  wire logic accept = cmd_valid_i && cmd_ready_o;

  // A run on the window that is there already.
  wire logic reuse = cmd_reuse_i && cmd_op_i == OP_RUN_WINDOW;

  wire logic [SIDE_W-1:0] kernel_side;    // of the slot that the command names; 0: it is empty
  wire logic [SIDE_W-1:0] window_side = kernel_side + SIDE_W'(cmd_tile_i);

  // The window that the buffer and its logs hold: a larger one has every smaller one in its
  // upper left corner.
  logic                   held_q;
  logic [SIDE_W-1:0]      fetch_side_q;   // side of the last fetch

  wire logic aligned    = (cmd_addr_i & 32'(OPERAND_W / 8 - 1)) == '0;
  wire logic slot_fits  = 32'(cmd_kernel_i) < 32'(KERNELS);
  wire logic side_fits  = cmd_size_i >= 32'd1 && cmd_size_i <= 32'(KERNEL);
  wire logic planes_ok  = PLANES != 0 || !cmd_plane_i;
  wire logic window_ok  = reuse ? held_q && window_side <= fetch_side_q : aligned && planes_ok;
  wire logic command_ok = slot_fits && (cmd_op_i == OP_LOAD_KERNEL ?
                              side_fits && aligned : kernel_side != '0 && window_ok);

  wire logic start_fetch = accept && command_ok && !reuse;
  wire logic start_run   = accept && command_ok && cmd_op_i == OP_RUN_WINDOW;

  // With log planes: of the window that is held, or fetched, the logs come from its plane, and words
  // as they are needed.
  logic                   planed_q;
  wire logic start_logs = start_fetch && cmd_op_i == OP_RUN_WINDOW && cmd_plane_i && PLANES != 0;

  // Idle, only the command's registers, the state and the counters have a clock.
  wire logic active = cmd_valid_i || state_q != IDLE;
  wire logic clk_active;

  clock_gate u_gate (
    .clk_i,
    .enable_i (active),
    .clk_o    (clk_active)
  );

  // ---- GET_DATA ------------------------------------------------------------------------------

  wire logic              fetch_done, fetch_error;
  wire logic [SIDE_W-1:0] fetch_words;
  wire logic [OPERAND_W*BUFFER-1:0] data;

  wire logic              words_start;    // with log planes: of the words that are needed
  wire logic [BUFFER-1:0] words_wanted, words_missing, words_held;
  wire logic              fetch_req;
  wire logic [31:0]       fetch_addr;

  window_fetch #(
    .KERNEL    (KERNEL),
    .MEM_WIDTH (MEM_WIDTH),
    .OPERAND_W (OPERAND_W),
    .PLANES    (PLANES)
  ) u_fetch (
    .clk_i (clk_active), .rst_ni,
    .start_i  ((start_fetch && !start_logs) || words_start),
    .addr_i   (cmd_addr_i),
    .open_i   (start_fetch),
    .wanted_i (words_wanted),
    .pitch_i  (size_q),
    .side_i   (fetch_side_q),
    .done_o   (fetch_done),
    .error_o  (fetch_error),
    .words_o  (fetch_words),
    .held_o   (words_held),
    .mem_req_o    (fetch_req),
    .mem_addr_o   (fetch_addr),
    // The others are answers to the fetch of logs.
    .mem_rvalid_i (mem_rvalid_i && (PLANES == 0 || state_q == GET_DATA)),
    .mem_gnt_i, .mem_err_i, .mem_rdata_i,
    .data_o   (data)
  );

  // ---- GET_LOGS: logs from a plane -----------------------------------------------------------

  localparam int ENTRY_W = LOG_W + 1;  // {live, log}

  wire logic                    logs_done, logs_error;
  wire logic                    plane_valid, plane_first;
  wire logic [SIDE_W-1:0]       plane_row;
  wire logic [ENTRY_W*SPAN-1:0] plane_data;

  if (PLANES != 0) begin : gen_planes
    wire logic        logs_req;
    wire logic [31:0] logs_addr;

    plane_fetch #(
      .KERNEL    (KERNEL),
      .MEM_WIDTH (MEM_WIDTH),
      .ENTRY_W   (ENTRY_W),
      .PITCH_W   (PITCH_W)
    ) u_planes (
      .clk_i (clk_active), .rst_ni,
      .start_i     (start_logs),
      .addr_i      (cmd_plane_addr_i),
      .index_i     (cmd_plane_index_i),
      .pitch_i     (size_q),
      .side_i      (fetch_side_q),
      .done_o      (logs_done),
      .error_o     (logs_error),
      .mem_req_o   (logs_req),
      .mem_addr_o  (logs_addr),
      .mem_gnt_i, .mem_rvalid_i, .mem_err_i, .mem_rdata_i,
      .row_valid_o (plane_valid),
      .row_o       (plane_row),
      .row_first_o (plane_first),
      .row_data_o  (plane_data)
    );

    // One of the two fetches at a time.
    assign mem_req_o  = fetch_req || logs_req;
    assign mem_addr_o = logs_req ? logs_addr : fetch_addr;
  end else begin : gen_no_planes
    assign {logs_done, logs_error, plane_valid, plane_first, plane_row, plane_data} = '0;
    assign mem_req_o  = fetch_req;
    assign mem_addr_o = fetch_addr;
    wire logic unused_plane = ^{cmd_plane_addr_i, cmd_plane_index_i};
  end

  // ---- STAGE_1: logs -------------------------------------------------------------------------

  wire logic [LOG_W*BUFFER-1:0] data_log;
  wire logic [BUFFER-1:0]       data_live;

  log_bank #(
    .SPAN      (SPAN),
    .OPERAND_W (OPERAND_W),
    .LOG_FRAC  (LOG_FRAC),
    .FLOAT     (FLOAT),
    .PLANES    (PLANES)
  ) u_logs (
    .clk_i    (clk_active),
    .enable_i (state_q == STAGE_1),
    .data_i   (data),
    .plane_valid_i (plane_valid),
    .plane_row_i   (plane_row),
    .plane_first_i (plane_first),
    .plane_i       (plane_data),
    .log_o    (data_log),
    .live_o   (data_live)
  );

  // ---- The kernels: stored with their logs in STAGE_2 of a load ------------------------------

  wire logic store_kernel = state_q == STAGE_2 && op_q == OP_LOAD_KERNEL;

  // The weights arrive in the words that the products of output 0 multiply.
  logic [OPERAND_W*PRODUCTS-1:0] new_weight;
  logic [LOG_W*PRODUCTS-1:0] new_log;
  logic [PRODUCTS-1:0]       new_live;
  always_comb begin
    new_weight = '0;
    new_log    = '0;
    new_live   = '0;
    if (store_kernel) begin
      for (int i = 0; i < PRODUCTS; i++) begin
        new_weight[OPERAND_W*i +: OPERAND_W] =
            data[OPERAND_W*activation_word(KERNEL, i) +: OPERAND_W];
        new_log[LOG_W*i +: LOG_W] = data_log[LOG_W*activation_word(KERNEL, i) +: LOG_W];
        new_live[i]               = data_live[activation_word(KERNEL, i)];
      end
    end
  end

  wire logic [OPERAND_W*PRODUCTS-1:0] kernel;
  wire logic [LOG_W*PRODUCTS-1:0] kernel_log;
  wire logic [PRODUCTS-1:0]       kernel_live, kernel_active;

  kernel_bank #(
    .KERNEL    (KERNEL),
    .OPERAND_W (OPERAND_W),
    .LOG_FRAC  (LOG_FRAC),
    .FLOAT     (FLOAT),
    .KERNELS   (KERNELS)
  ) u_kernels (
    .clk_i (clk_active), .rst_ni,
    .query_slot_i (cmd_kernel_i[SLOT_W-1:0]),
    .query_side_o (kernel_side),
    .store_i      (store_kernel),
    .store_slot_i (slot_q),
    .store_side_i (fetch_side_q),
    .weight_i     (new_weight),
    .log_i        (new_log),
    .live_i       (new_live),
    .select_i     (start_run),
    .weight_o     (kernel),
    .log_o        (kernel_log),
    .live_o       (kernel_live),
    .active_o     (kernel_active)
  );

  // ---- STAGE_2: decide and issue -------------------------------------------------------------

  wire logic run_stage_2 = state_q == STAGE_2 && op_q == OP_RUN_WINDOW;
  logic      decided_q;  // STAGE_2 of a serial unit goes on after the decision
  wire logic ranked;     // S_max is there: of floats from the second cycle of STAGE_2 on
  wire logic rank   = run_stage_2 && !ranked;
  wire logic decide = run_stage_2 && ranked && !decided_q;
  wire logic find   = PLANES != 0 && state_q == FIND_WORDS;

  wire logic [LANES-1:0]    keep;
  wire logic [4*SMAX_W-1:0] smax;
  logic [LANES-1:0]         keep_q;
  logic [4*SMAX_W-1:0]      smax_out_q;

  for (genvar out = 0; out < 4; out++) begin : gen_output
    product_select #(
      .KERNEL    (KERNEL),
      .OPERAND_W (OPERAND_W),
      .LOG_FRAC  (LOG_FRAC),
      .FLOAT     (FLOAT),
      .OUTPUT    (out)
    ) u_select (
      .enable_i      ((rank || decide || find) && (out == 0 || tile_q)),
      .mode_i        (mode_q),
      .threshold_i   (threshold_q),
      .running_i     (running_q),
      .smax_i        (smax_q[out*SMAX_W +: SMAX_W]),
      .active_i      (kernel_active),
      .weight_log_i  (kernel_log),
      .weight_live_i (kernel_live),
      .data_log_i    (data_log),
      .data_live_i   (data_live),
      .ranked_i      (smax_out_q[out*SMAX_W +: SMAX_W]),
      .keep_o        (keep[out*PRODUCTS +: PRODUCTS]),
      .smax_o        (smax[out*SMAX_W +: SMAX_W])
    );
  end

  // ---- FIND_WORDS: those that a kept product multiplies and that are not in the buffer ---------

  if (PLANES != 0) begin : gen_find
    logic [BUFFER-1:0] needed, block;
    wire logic [SIDE_W-1:0] block_side =
        cmd_op_i == OP_LOAD_KERNEL ? cmd_size_i[SIDE_W-1:0] : window_side;
    always_comb begin
      needed = '0;
      for (int product = 0; product < LANES; product++) begin
        needed[activation_word(KERNEL, product)] |= keep[product];
      end
      for (int word = 0; word < BUFFER; word++) begin
        block[word] = word / SPAN < 32'(block_side) && word % SPAN < 32'(block_side);
      end
    end
    assign words_missing = needed & ~words_held;
    assign words_wanted  = find ? words_missing : block;
    assign words_start   = find && words_missing != '0;
  end else begin : gen_no_find
    assign words_missing = '0;
    assign words_wanted  = '1;
    assign words_start   = 1'b0;
    wire logic unused_held = ^words_held;
  end

  always_ff @(posedge clk_active) begin
    if (decide)                     keep_q     <= keep;
    if (FLOAT != 0 ? rank : decide) smax_out_q <= smax;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) decided_q <= 1'b0;
    else         decided_q <= run_stage_2 && ranked;
  end

  if (FLOAT != 0) begin : gen_ranked
    logic ranked_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) ranked_q <= 1'b0;
      else         ranked_q <= run_stage_2;
    end
    assign ranked = ranked_q;
  end else begin : gen_not_ranked
    assign ranked = 1'b1;
  end

  // ---- STAGE_2 and STAGE_3: multiply and accumulate ------------------------------------------

  wire logic last_issue, last_sum;   // STAGE_2, and STAGE_3, end

  if (FLOAT != 0) begin : gen_float
    multiply_float #(
      .KERNEL      (KERNEL),
      .OPERAND_W   (OPERAND_W),
      .MULTIPLIERS (MULTIPLIERS)
    ) u_multiply (
      .clk_i        (clk_active), .rst_ni,
      .decide_i     (decide),
      .keep_i       (keep),
      .issue_i      (run_stage_2 && decided_q),
      .last_issue_o (last_issue),
      .last_sum_o   (last_sum),
      .weight_i     (kernel),
      .data_i       (data),
      .output_o
    );
  end else if (MULTIPLIERS == LANES) begin : gen_parallel
    assign last_sum = 1'b1;
    multiply_parallel #(
      .KERNEL    (KERNEL),
      .OPERAND_W (OPERAND_W)
    ) u_multiply (
      .clk_i        (clk_active), .rst_ni,
      .issue_i      (run_stage_2),
      .last_issue_o (last_issue),
      .accumulate_i (state_q == STAGE_3),
      .keep_i       (keep),
      .weight_i     (kernel),
      .data_i       (data),
      .output_o
    );
  end else begin : gen_serial
    assign last_sum = 1'b1;
    multiply_serial #(
      .KERNEL      (KERNEL),
      .OPERAND_W   (OPERAND_W),
      .MULTIPLIERS (MULTIPLIERS)
    ) u_multiply (
      .clk_i        (clk_active), .rst_ni,
      .decide_i     (decide),
      .keep_i       (keep),
      .issue_i      (run_stage_2 && decided_q),
      .last_issue_o (last_issue),
      .weight_i     (kernel),
      .data_i       (data),
      .output_o
    );
  end

  // ---- State machine -------------------------------------------------------------------------

  always_comb begin
    state_d = state_q;
    case (state_q)
      IDLE: begin
        if (accept) begin
          if (!command_ok) state_d = DONE;
          else if (reuse)  state_d = planed_q ? FIND_WORDS : STAGE_2;
          else             state_d = start_logs ? GET_LOGS : GET_DATA;
        end
      end
      GET_DATA: begin
        if (fetch_done) begin
          if (fetch_error) state_d = DONE;
          else             state_d = planed_q ? STAGE_2 : STAGE_1;
        end
      end
      GET_LOGS:   if (logs_done) state_d = logs_error ? DONE : FIND_WORDS;
      FIND_WORDS: state_d = words_start ? GET_DATA : STAGE_2;
      STAGE_1:  state_d = STAGE_2;
      STAGE_2: begin
        if (store_kernel)                  state_d = DONE;
        else if (decide && keep == '0)     state_d = DONE;  // nothing to accumulate
        else if (last_issue)               state_d = STAGE_3;
      end
      STAGE_3:  if (last_sum) state_d = DONE;
      default:  if (done_ready_i) state_d = IDLE;
    endcase
  end

  wire logic bus_error = (fetch_done && fetch_error) || (logs_done && logs_error);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= IDLE;
      error_q <= ERROR_NONE;
      held_q  <= 1'b0;
    end else begin
      state_q <= state_d;
      if (start_fetch || bus_error)                            held_q <= 1'b0;
      else if (logs_done)                                      held_q <= 1'b1;
      else if (state_q == STAGE_1 && op_q == OP_RUN_WINDOW)    held_q <= 1'b1;
      if (accept) error_q <= command_ok ? ERROR_NONE : ERROR_COMMAND;
      else if (bus_error) error_q <= ERROR_BUS;
    end
  end

  if (PLANES != 0) begin : gen_planed
    always_ff @(posedge clk_i) begin
      if (start_fetch) planed_q <= start_logs;
    end
  end else begin : gen_never_planed
    assign planed_q = 1'b0;
  end

  always_ff @(posedge clk_i) begin
    if (accept) begin
      op_q        <= cmd_op_i;
      slot_q      <= cmd_kernel_i[SLOT_W-1:0];
      tile_q      <= cmd_tile_i;
      mode_q      <= cmd_mode_i;
      threshold_q <= cmd_threshold_i;
      running_q   <= cmd_running_i;
      smax_q      <= cmd_smax_i;
    end
    if (start_fetch) begin
      size_q       <= cmd_size_i[PITCH_W-1:0];
      fetch_side_q <= cmd_op_i == OP_LOAD_KERNEL ? cmd_size_i[SIDE_W-1:0] : window_side;
    end
  end

  assign done_valid_o = state_q == DONE;
  assign error_o      = error_q;
  assign smax_o       = smax_out_q;
  assign keep_o       = keep_q;

  // ---- Counters ------------------------------------------------------------------------------

  if (COUNTERS != 0) begin : gen_counters
    // The first cycle of DONE after a window that went well.
    logic window_ended_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) window_ended_q <= 1'b0;
      else         window_ended_q <= state_d == DONE && (run_stage_2 || state_q == STAGE_3);
    end

    logic [KEPT_W-1:0] kept, products;
    always_comb begin
      kept     = '0;
      products = '0;
      if (window_ended_q) begin
        kept     = KEPT_W'($countones(keep_q));
        products = KEPT_W'($countones(kernel_active)) << (tile_q ? 2 : 0);
      end
    end

    conv_counters #(
      .LANES   (LANES),
      .WORDS_W (SIDE_W),
      .PLANES  (PLANES)
    ) u_counters (
      .clk_i, .rst_ni,
      .clear_i   (counter_clear_i),
      .select_i  (counter_select_i),
      .value_o   (counter_o),
      .state_i   (state_q),
      .window_i  (window_ended_q),
      .kept_i    (kept),
      .skipped_i (products - kept),
      .words_i   (fetch_words),
      .beat_i    (mem_req_o && mem_gnt_i)
    );
  end else begin : gen_no_counters
    assign counter_o = '0;
    wire logic unused_counters = ^{counter_clear_i, counter_select_i, fetch_words};
  end

  // ---- Assertions ----------------------------------------------------------------------------

  if (KERNEL < 1 || KERNEL > 7) begin : gen_bad_kernel
    $error("KERNEL is %0d; it is 1 to 7", KERNEL);
  end
  if (LOG_FRAC < 0 || LOG_FRAC > 8) begin : gen_bad_log_frac
    $error("LOG_FRAC is %0d; it is 0 to 8", LOG_FRAC);
  end
  if (MEM_WIDTH != 32 && MEM_WIDTH != 128) begin : gen_bad_mem_width
    $error("MEM_WIDTH is %0d; it is 32 or 128", MEM_WIDTH);
  end
  if (OPERAND_W != 8 && OPERAND_W != 16 && OPERAND_W != 32) begin : gen_bad_operand_w
    $error("OPERAND_W is %0d; it is 8, 16 or 32", OPERAND_W);
  end
  if (KERNELS < 1 || KERNELS > 256) begin : gen_bad_kernels
    $error("KERNELS is %0d; it is 1 to 256", KERNELS);
  end
  if (PLANES != 0 && PLANES != 1) begin : gen_bad_planes
    $error("PLANES is %0d; it is 0 or 1", PLANES);
  end
  if (MULTIPLIERS < 1 || MULTIPLIERS > LANES) begin : gen_bad_multipliers
    $error("MULTIPLIERS is %0d; it is 1 to 4 * KERNEL * KERNEL", MULTIPLIERS);
  end
  if (FLOAT != 0 && FLOAT != 1) begin : gen_bad_float
    $error("FLOAT is %0d; it is 0 or 1", FLOAT);
  end
  if (FLOAT != 0 && OPERAND_W == 8) begin : gen_bad_float_w
    $error("OPERAND_W is 8; floats have 16 or 32 bits");
  end
  if (FLOAT != 0 && MULTIPLIERS != 1 && MULTIPLIERS != 2 && MULTIPLIERS != 4) begin : gen_bad_lanes
    $error("MULTIPLIERS is %0d; with FLOAT it is 1, 2 or 4", MULTIPLIERS);
  end
  if (FLOAT != 0 && LOG_FRAC > 6) begin : gen_bad_float_log_frac
    $error("LOG_FRAC is %0d; with FLOAT it is 0 to 6", LOG_FRAC);
  end
  if (FLOAT != 0 && PLANES != 0) begin : gen_bad_float_planes
    $error("PLANES is %0d; with FLOAT there are no log planes", PLANES);
  end

`ifndef SYNTHESIS
  logic result_held_q;
  logic [127:0] held_output_q;

  always_ff @(posedge clk_i) begin
    result_held_q        <= rst_ni && done_valid_o && !done_ready_i;
    held_output_q <= output_o;
    if (rst_ni) begin
      StateIsLegal: assert (PLANES != 0 || state_q <= DONE)
        else $error("state %0d does not exist", state_q);
      ThresholdIsPositive: assert (!(accept && cmd_op_i == OP_RUN_WINDOW &&
                                     cmd_mode_i == MODE_APPROX) || cmd_threshold_i != '0)
        else $error("T = 0 keeps nothing; software refuses it");
      ResultHeldUntilTaken: assert (!result_held_q || (done_valid_o && output_o == held_output_q))
        else $error("done_valid_o or output_o changed before done_ready_i");
      NeededWordsAreThere: assert (!planed_q || !decide || words_missing == '0)
        else $error("a product is kept whose word is not in the buffer");
      KeepsOnlyActive: assert (!(decide || find) ||
          (keep & ~{(3*PRODUCTS)'({3{tile_q ? kernel_active : PRODUCTS'(0)}}),
                    kernel_active}) == '0)
        else $error("a product outside the kernel or the tile is kept");
    end
  end
`endif

endmodule

`default_nettype wire
