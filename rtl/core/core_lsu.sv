// SPDX-License-Identifier: MIT OR Apache-2.0
// Loads and stores: the data port, which it shares with the reads of the coprocessor.
//
// The address phase is in EX, the answer comes in WB. An access that crosses a word boundary is two,
// the lower word first; the answer to the first comes while the instruction is in EX.
`default_nettype none

module core_lsu (
  input  wire logic        clk_i,
  input  wire logic        rst_ni,

  // EX: a load or store that nothing older than WB can keep from being executed; the address
  // phase of all of it is over in the cycle with ex_done_o, in which it moves on to WB.
  input  wire logic        ex_access_i,
  input  wire logic        ex_store_i,
  input  wire logic [2:0]  ex_funct3_i,
  input  wire logic [31:0] ex_addr_i,
  input  wire logic [31:0] ex_wdata_i,
  output wire logic        ex_done_o,
  output wire logic        ex_fault_o,       // the first half failed; ex_done_o will not come

  // WB: a load or store waits for its answer.
  input  wire logic        wb_access_i,
  input  wire logic        wb_load_i,
  output wire logic        wb_good_o,        // it comes, and is good
  output wire logic        wb_failed_o,      // it came in the cycle before, and was an error
  output wire logic [31:0] wb_fault_addr_o,  // with wb_failed_o: what the error is about
  output      logic [31:0] wb_rdata_o,       // of a load, with wb_good_o
  output wire logic [31:0] wb_addr_o,        // as the instruction gave it
  output      logic [3:0]  wb_mask_o,        // its bytes, from that address on
  output      logic [31:0] wb_raw_o,         // of a load: them, not extended

  output wire logic        waiting_o,        // the memory holds up an instruction

  // Reads of the coprocessor, forwarded while unit_select_i: see core.
  input  wire logic        unit_select_i,
  input  wire logic        unit_req_i,
  output wire logic        unit_gnt_o,
  input  wire logic [31:0] unit_addr_i,
  output wire logic        unit_rvalid_o,
  output wire logic        unit_err_o,
  output wire logic [31:0] unit_rdata_o,

  // Data port: see core.
  output wire logic        data_req_o,
  input  wire logic        data_gnt_i,
  output wire logic [31:0] data_addr_o,
  output wire logic        data_we_o,
  output wire logic [3:0]  data_be_o,
  output wire logic [31:0] data_wdata_o,
  input  wire logic        data_rvalid_i,
  input  wire logic        data_err_i,
  input  wire logic [31:0] data_rdata_i
);

  // ---- Address phase -------------------------------------------------------------------------

  logic outstanding_q;          // an access is granted and not answered
  logic failed_q;               // the answer of the cycle before was an error, and WB's
  logic second_q;               // the first half is granted
  logic first_failed_q;

  // Nothing begins behind an access of which it is not known that it is good.
  wire logic may_begin = outstanding_q ? data_rvalid_i && !data_err_i : !failed_q;

  wire logic core_req = ex_access_i && !first_failed_q && may_begin;
  wire logic unit_req = unit_select_i && unit_req_i && may_begin;

  assign data_req_o = core_req || unit_req;

  wire logic [1:0] offset = ex_addr_i[1:0];
  wire logic [29:0] word  = ex_addr_i[31:2] + 30'(second_q);

  // Bytes of the access in the two words.
  logic [7:0] lanes;
  always_comb begin
    case (ex_funct3_i[1:0])
      2'b00:   lanes = 8'b0001 << offset;
      2'b01:   lanes = 8'b0011 << offset;
      default: lanes = 8'b1111 << offset;
    endcase
  end

  wire logic crosses = lanes[7:4] != '0;

  logic [31:0] wdata;           // the same for both words: a rotation
  always_comb begin
    case (offset)
      2'd0:    wdata = ex_wdata_i;
      2'd1:    wdata = {ex_wdata_i[23:0], ex_wdata_i[31:24]};
      2'd2:    wdata = {ex_wdata_i[15:0], ex_wdata_i[31:16]};
      default: wdata = {ex_wdata_i[7:0], ex_wdata_i[31:8]};
    endcase
  end

  assign data_addr_o  = unit_select_i ? unit_addr_i : {word, 2'b00};
  assign data_we_o    = ex_store_i && !unit_select_i;
  assign data_be_o    = unit_select_i ? 4'b1111 : second_q ? lanes[7:4] : lanes[3:0];
  assign data_wdata_o = wdata;

  wire logic granted = data_req_o && data_gnt_i;
  wire logic core_granted = core_req && data_gnt_i;

  assign ex_done_o  = core_granted && (second_q || !crosses);
  assign ex_fault_o = first_failed_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      outstanding_q  <= 1'b0;
      failed_q       <= 1'b0;
      second_q       <= 1'b0;
      first_failed_q <= 1'b0;
    end else begin
      if (granted)            outstanding_q <= 1'b1;
      else if (data_rvalid_i) outstanding_q <= 1'b0;
      failed_q <= wb_access_i && data_rvalid_i && data_err_i;
      if (first_failed_q) begin
        second_q       <= 1'b0;
        first_failed_q <= 1'b0;
      end else begin
        if (core_granted) second_q <= crosses && !second_q;
        first_failed_q <= second_q && data_rvalid_i && data_err_i;
      end
    end
  end

  // ---- Answer --------------------------------------------------------------------------------

  logic [31:0] addr_q;
  logic [2:0]  funct3_q;
  logic        crossed_q;
  logic [31:0] first_word_q;

  always_ff @(posedge clk_i) begin
    if (ex_done_o) begin
      addr_q    <= ex_addr_i;
      funct3_q  <= ex_funct3_i;
      crossed_q <= second_q;
    end
    if (second_q && data_rvalid_i) first_word_q <= data_rdata_i;
  end

  assign wb_good_o       = wb_access_i && data_rvalid_i && !data_err_i;
  assign wb_failed_o     = failed_q;
  assign wb_addr_o       = addr_q;
  assign wb_fault_addr_o = crossed_q ? {addr_q[31:2] + 30'd1, 2'b00} : addr_q;

  wire logic loaded = wb_good_o && wb_load_i;

  wire logic [31:0] low_word = crossed_q ? first_word_q : data_rdata_i;

  always_comb begin
    case (funct3_q[1:0])
      2'b00:   wb_mask_o = 4'b0001;
      2'b01:   wb_mask_o = 4'b0011;
      default: wb_mask_o = 4'b1111;
    endcase
  end

  always_comb begin
    wb_raw_o   = '0;
    wb_rdata_o = '0;
    if (loaded) begin
      case (addr_q[1:0])
        2'd0:    wb_raw_o = low_word;
        2'd1:    wb_raw_o = {data_rdata_i[7:0], low_word[31:8]};
        2'd2:    wb_raw_o = {data_rdata_i[15:0], low_word[31:16]};
        default: wb_raw_o = {data_rdata_i[23:0], low_word[31:24]};
      endcase
      case (funct3_q[1:0])
        2'b00: begin
          wb_raw_o   = {24'b0, wb_raw_o[7:0]};
          wb_rdata_o = {{24{wb_raw_o[7] && !funct3_q[2]}}, wb_raw_o[7:0]};
        end
        2'b01: begin
          wb_raw_o   = {16'b0, wb_raw_o[15:0]};
          wb_rdata_o = {{16{wb_raw_o[15] && !funct3_q[2]}}, wb_raw_o[15:0]};
        end
        default: wb_rdata_o = wb_raw_o;
      endcase
    end
  end

  // ---- The coprocessor -----------------------------------------------------------------------

  assign unit_gnt_o    = unit_select_i && may_begin && data_gnt_i;
  assign unit_rvalid_o = unit_select_i && data_rvalid_i;
  assign unit_err_o    = data_err_i;
  assign unit_rdata_o  = data_rdata_i;

  assign waiting_o = (ex_access_i && !core_granted && !first_failed_q) ||
                     (wb_access_i && !data_rvalid_i && !failed_q);

  // ---- Assertions ----------------------------------------------------------------------------

`ifndef SYNTHESIS
  logic        held_q;
  logic [31:0] held_addr_q;
  logic [36:0] held_data_q;

  always_ff @(posedge clk_i) begin
    held_q      <= rst_ni && data_req_o && !data_gnt_i;
    held_addr_q <= data_addr_o;
    held_data_q <= {data_we_o, data_be_o, data_wdata_o};
    if (rst_ni) begin
      RequestHeldUntilGrant: assert (!held_q || (data_req_o && data_addr_o == held_addr_q &&
                                     {data_we_o, data_be_o, data_wdata_o} == held_data_q))
        else $error("a signal of the address phase changed before the grant");
      AnswersWereAskedFor: assert (!data_rvalid_i || outstanding_q)
        else $error("data_rvalid_i without an outstanding access");
      OneAccessAtATime: assert (!data_req_o || !outstanding_q || (data_rvalid_i && !data_err_i))
        else $error("a request beside an access that is not known to be good");
      OneMaster: assert (!(core_req && unit_select_i) && !(wb_access_i && unit_select_i))
        else $error("the coprocessor and the core use the data port at the same time");
      AnswerIsWaitedFor: assert (!data_rvalid_i || wb_access_i || second_q || unit_select_i)
        else $error("nobody waits for the answer of the data port");
    end
  end
`endif

endmodule

`default_nettype wire
