// SPDX-License-Identifier: MIT OR Apache-2.0
// Encodings of the core: instructions, causes of traps, CSRs, performance events.
`default_nettype none

package core_pkg;

  // Major opcodes. OPCODE_CONV is reserved by the standard (docs/isa.md).
  localparam logic [6:0] OPCODE_LOAD     = 7'h03;
  localparam logic [6:0] OPCODE_LOAD_FP  = 7'h07;
  localparam logic [6:0] OPCODE_MISC_MEM = 7'h0f;
  localparam logic [6:0] OPCODE_OP_IMM   = 7'h13;
  localparam logic [6:0] OPCODE_AUIPC    = 7'h17;
  localparam logic [6:0] OPCODE_STORE    = 7'h23;
  localparam logic [6:0] OPCODE_STORE_FP = 7'h27;
  localparam logic [6:0] OPCODE_OP       = 7'h33;
  localparam logic [6:0] OPCODE_LUI      = 7'h37;
  localparam logic [6:0] OPCODE_MADD     = 7'h43;
  localparam logic [6:0] OPCODE_MSUB     = 7'h47;
  localparam logic [6:0] OPCODE_NMSUB    = 7'h4b;
  localparam logic [6:0] OPCODE_NMADD    = 7'h4f;
  localparam logic [6:0] OPCODE_OP_FP    = 7'h53;
  localparam logic [6:0] OPCODE_BRANCH   = 7'h63;
  localparam logic [6:0] OPCODE_JALR     = 7'h67;
  localparam logic [6:0] OPCODE_JAL      = 7'h6f;
  localparam logic [6:0] OPCODE_SYSTEM   = 7'h73;
  localparam logic [6:0] OPCODE_CONV     = 7'h77;

  localparam logic [31:0] INSN_ECALL  = 32'h0000_0073;
  localparam logic [31:0] INSN_EBREAK = 32'h0010_0073;
  localparam logic [31:0] INSN_WFI    = 32'h1050_0073;
  localparam logic [31:0] INSN_MRET   = 32'h3020_0073;

  // What EX does with an instruction.
  typedef enum logic [3:0] {
    EXEC_ALU,        // jumps too: EX computes the return address
    EXEC_BRANCH,
    EXEC_MUL,
    EXEC_MULH,
    EXEC_DIV,
    EXEC_LOAD,
    EXEC_STORE,
    EXEC_CSR,
    EXEC_CONV,       // by the coprocessor
    EXEC_FPU,
    EXEC_MRET,
    EXEC_WFI,
    EXEC_EXCEPTION   // it is known in ID that it traps
  } exec_e;

  // What ID does with an instruction that changes the flow.
  typedef enum logic [1:0] {JUMP_NONE, JUMP_JAL, JUMP_JALR, JUMP_FENCE_I} jump_e;

  typedef enum logic [3:0] {
    ALU_ADD, ALU_SUB, ALU_SLL, ALU_SLT, ALU_SLTU, ALU_XOR, ALU_SRL, ALU_SRA, ALU_OR, ALU_AND
  } alu_e;

  // Operands of EX.
  typedef enum logic [1:0] {A_RS1, A_PC, A_ZERO, A_UIMM} operand_a_e;
  typedef enum logic [1:0] {B_RS2, B_IMM, B_LENGTH} operand_b_e;

  // mcause of exceptions.
  localparam logic [4:0] CAUSE_INSTR_ACCESS = 5'd1;
  localparam logic [4:0] CAUSE_ILLEGAL      = 5'd2;
  localparam logic [4:0] CAUSE_BREAKPOINT   = 5'd3;
  localparam logic [4:0] CAUSE_LOAD_ACCESS  = 5'd5;
  localparam logic [4:0] CAUSE_STORE_ACCESS = 5'd7;
  localparam logic [4:0] CAUSE_ECALL_M      = 5'd11;

  // mcause of interrupts, which is their bit in mip and mie too.
  localparam logic [4:0] IRQ_SOFTWARE = 5'd3;
  localparam logic [4:0] IRQ_TIMER    = 5'd7;
  localparam logic [4:0] IRQ_EXTERNAL = 5'd11;

  // The interrupts in three bits, in the order of their numbers.
  localparam int MI_SOFTWARE = 0;
  localparam int MI_TIMER    = 1;
  localparam int MI_EXTERNAL = 2;

  // As mip and mie have them.
  function automatic logic [31:0] irq_bits(logic [2:0] lines);
    irq_bits               = '0;
    irq_bits[IRQ_SOFTWARE] = lines[MI_SOFTWARE];
    irq_bits[IRQ_TIMER]    = lines[MI_TIMER];
    irq_bits[IRQ_EXTERNAL] = lines[MI_EXTERNAL];
  endfunction

  // CSRs.
  localparam logic [11:0] CSR_FFLAGS        = 12'h001;
  localparam logic [11:0] CSR_FRM           = 12'h002;
  localparam logic [11:0] CSR_FCSR          = 12'h003;
  localparam logic [11:0] CSR_MSTATUS       = 12'h300;
  localparam logic [11:0] CSR_MISA          = 12'h301;
  localparam logic [11:0] CSR_MIE           = 12'h304;
  localparam logic [11:0] CSR_MTVEC         = 12'h305;
  localparam logic [11:0] CSR_MSTATUSH      = 12'h310;
  localparam logic [11:0] CSR_MCOUNTINHIBIT = 12'h320;
  localparam logic [11:0] CSR_MSCRATCH      = 12'h340;
  localparam logic [11:0] CSR_MEPC          = 12'h341;
  localparam logic [11:0] CSR_MCAUSE        = 12'h342;
  localparam logic [11:0] CSR_MTVAL         = 12'h343;
  localparam logic [11:0] CSR_MIP           = 12'h344;
  localparam logic [11:0] CSR_MVENDORID     = 12'hf11;
  localparam logic [11:0] CSR_MARCHID       = 12'hf12;
  localparam logic [11:0] CSR_MIMPID        = 12'hf13;
  localparam logic [11:0] CSR_MHARTID       = 12'hf14;
  localparam logic [11:0] CSR_MCONFIGPTR    = 12'hf15;

  // The number of an event or counter is that of its mhpmcounter, and bits 4:0 of its address:
  // 0xb00 + n, bits 63:32 at 0xb80 + n; read-only at 0xc00 + n for cycle and instret.
  localparam logic [6:0] CSR_MHPMEVENT_BASE = 7'h19;   // bits 11:5 of 0x320 + n
  localparam logic [6:0] CSR_MCOUNTER_LOW   = 7'h58;   // 0xb00 + n
  localparam logic [6:0] CSR_MCOUNTER_HIGH  = 7'h5c;   // 0xb80 + n
  localparam logic [6:0] CSR_COUNTER_LOW    = 7'h60;   // 0xc00 + n
  localparam logic [6:0] CSR_COUNTER_HIGH   = 7'h64;   // 0xc80 + n

  localparam int COUNTER_CYCLE   = 0;
  localparam int COUNTER_INSTRET = 2;

  localparam int EVENT_LOAD_USE       = 3;   // cycles: ID waits for the load in EX
  localparam int EVENT_JUMP_REGISTER  = 4;   // cycles: jalr waits for its register
  localparam int EVENT_FETCH          = 5;   // cycles: ID has no instruction
  localparam int EVENT_MEMORY         = 6;   // cycles: EX or WB waits for the data memory
  localparam int EVENT_ARITHMETIC     = 7;   // cycles: EX waits for multiplier or divider
  localparam int EVENT_UNIT           = 8;   // cycles: EX waits for the coprocessor
  localparam int EVENT_LOAD           = 9;   // from here on: retired instructions
  localparam int EVENT_STORE          = 10;
  localparam int EVENT_JUMP           = 11;
  localparam int EVENT_BRANCH         = 12;
  localparam int EVENT_BRANCH_TAKEN   = 13;
  localparam int EVENT_COMPRESSED     = 14;

  localparam logic [31:0] MISA   = 32'h4080_1104;   // RV32IMC, X: the instructions of the unit
  localparam logic [31:0] MISA_FLOAT = 32'h4080_1124;   // the same with F
  localparam logic [31:0] MIMPID = 32'h434e_5641;   // "CNVA"

endpackage

`default_nettype wire
