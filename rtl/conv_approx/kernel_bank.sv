// SPDX-License-Identifier: MIT OR Apache-2.0
// The kernels that the unit keeps, each with the logs of its weights.
//
// A slot is written whole by a kernel load. A run reads its slot in the cycle in which its command
// is taken, as an SRAM with a registered output does: the operands stand in the *_o registers from
// the next cycle on, until the next read. With KERNELS = 1 these registers are the only slot.
`default_nettype none

module kernel_bank #(
  parameter  int KERNEL    = 3,
  parameter  int OPERAND_W = 32,
  parameter  int LOG_FRAC  = 0,
  parameter  int FLOAT     = 0,
  parameter  int KERNELS   = 1,
  localparam int PRODUCTS  = KERNEL * KERNEL,
  localparam int SIDE_W    = $clog2(KERNEL + 2),
  localparam int LOG_W     = conv_approx_pkg::log_width(OPERAND_W, LOG_FRAC, FLOAT),
  localparam int SLOT_W    = (KERNELS == 1) ? 1 : $clog2(KERNELS)
) (
  input  wire logic                      clk_i,
  input  wire logic                      rst_ni,

  // Which kernel a slot holds. Combinational.
  input  wire logic [SLOT_W-1:0]         query_slot_i,
  output wire logic [SIDE_W-1:0]         query_side_o,   // 0: the slot is empty

  // Write: with store_i the kernel of side store_side_i goes into store_slot_i.
  input  wire logic                      store_i,
  input  wire logic [SLOT_W-1:0]         store_slot_i,
  input  wire logic [SIDE_W-1:0]         store_side_i,
  input  wire logic [OPERAND_W*PRODUCTS-1:0] weight_i,   // row by row, rows of KERNEL
  input  wire logic [LOG_W*PRODUCTS-1:0] log_i,
  input  wire logic [PRODUCTS-1:0]       live_i,

  // Read: with select_i the kernel of query_slot_i is at the outputs from the next cycle on.
  input  wire logic                      select_i,
  output      logic [OPERAND_W*PRODUCTS-1:0] weight_o,
  output      logic [LOG_W*PRODUCTS-1:0] log_o,
  output      logic [PRODUCTS-1:0]       live_o,         // the weight is not zero
  output      logic [PRODUCTS-1:0]       active_o        // the product is within the side
);

  logic [SIDE_W*KERNELS-1:0] side_q;

  assign query_side_o = side_q[SIDE_W*query_slot_i +: SIDE_W];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)      side_q <= '0;
    else if (store_i) side_q[SIDE_W*store_slot_i +: SIDE_W] <= store_side_i;
  end

  // Products outside the side are not active.
  function automatic logic [PRODUCTS-1:0] inside_side(input logic [SIDE_W-1:0] side);
    for (int i = 0; i < PRODUCTS; i++) begin
      inside_side[i] = i / KERNEL < 32'(side) && i % KERNEL < 32'(side);
    end
  endfunction

  if (KERNELS == 1) begin : gen_register
    always_ff @(posedge clk_i) begin
      if (store_i) begin
        weight_o <= weight_i;
        log_o    <= log_i;
        live_o   <= live_i;
        active_o <= inside_side(store_side_i);
      end
    end
    wire logic unused_select = select_i;
  end else begin : gen_memory
    localparam int SLOT_BITS = (OPERAND_W + LOG_W + 2) * PRODUCTS;

    kernel_memory #(
      .WORDS  (KERNELS),
      .WORD_W (SLOT_BITS)
    ) u_memory (
      .clk_i,
      .write_i      (store_i),
      .write_addr_i (store_slot_i),
      .write_data_i ({inside_side(store_side_i), live_i, log_i, weight_i}),
      .read_i       (select_i),
      .read_addr_i  (query_slot_i),
      .read_data_o  ({active_o, live_o, log_o, weight_o})
    );
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      StoresASide: assert (!store_i || (store_side_i != '0 && store_side_i <= SIDE_W'(KERNEL)))
        else $error("a kernel of side %0d is stored", store_side_i);
      SelectsAKernel: assert (!select_i || query_side_o != '0)
        else $error("the empty slot %0d is run", query_slot_i);
    end
  end
`endif

endmodule

`default_nettype wire
