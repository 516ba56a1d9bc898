//! GTKWave save files for the waveforms of mismatches: signals in groups, radices set.

use std::path::Path;

use crate::dut::UnitParameters;
use study::report::atomic::{WriteError, write_atomic};

/// How a signal is shown: GTKWave's trace flags.
#[derive(Clone, Copy)]
enum Radix {
    Binary,
    Decimal,
    Hexadecimal,
}

impl Radix {
    fn flags(self) -> &'static str {
        match self {
            Self::Binary => "@28",
            Self::Decimal => "@24",
            Self::Hexadecimal => "@22",
        }
    }
}

use Radix::{Binary, Decimal, Hexadecimal};

type Signal = (Radix, &'static str, usize);

/// Writes the save file beside `wave.vcd`.
pub(super) fn write(path: &Path, unit: &UnitParameters) -> Result<(), WriteError> {
    let text = save_file(unit);
    write_atomic(path, |file| file.write_all(text.as_bytes()))
}

/// Writes the save file of a program on the system beside `wave.vcd`.
pub(super) fn write_soc(path: &Path) -> Result<(), WriteError> {
    let text = text("The program of a mismatch report", "soc", soc_groups());
    write_atomic(path, |file| file.write_all(text.as_bytes()))
}

type Group = (&'static str, Vec<Signal>);

fn soc_groups() -> Vec<Group> {
    vec![
        ("Clock", vec![(Binary, "clk_i", 1), (Binary, "rst_ni", 1)]),
        (
            "Retired instruction",
            vec![
                (Binary, "rvfi_valid_o", 1),
                (Decimal, "rvfi_order_o", 64),
                (Hexadecimal, "rvfi_pc_rdata_o", 32),
                (Hexadecimal, "rvfi_insn_o", 32),
                (Binary, "rvfi_trap_o", 1),
                (Binary, "rvfi_intr_o", 1),
                (Hexadecimal, "rvfi_pc_wdata_o", 32),
                (Decimal, "rvfi_rd_addr_o", 5),
                (Hexadecimal, "rvfi_rd_wdata_o", 32),
                (Hexadecimal, "rvfi_mem_addr_o", 32),
                (Binary, "rvfi_mem_rmask_o", 4),
                (Hexadecimal, "rvfi_mem_rdata_o", 32),
                (Binary, "rvfi_mem_wmask_o", 4),
                (Hexadecimal, "rvfi_mem_wdata_o", 32),
            ],
        ),
        (
            "Instruction port",
            vec![
                (Binary, "instr_req", 1),
                (Binary, "instr_gnt", 1),
                (Hexadecimal, "instr_addr", 32),
                (Binary, "instr_rvalid", 1),
                (Binary, "instr_err", 1),
                (Hexadecimal, "instr_rdata", 32),
            ],
        ),
        (
            "Data port",
            vec![
                (Binary, "data_req", 1),
                (Binary, "data_gnt", 1),
                (Hexadecimal, "data_addr", 32),
                (Binary, "data_we", 1),
                (Binary, "data_be", 4),
                (Hexadecimal, "data_wdata", 32),
                (Binary, "data_rvalid", 1),
                (Binary, "data_err", 1),
                (Hexadecimal, "data_rdata", 32),
            ],
        ),
        (
            "The unit's instructions",
            vec![
                (Binary, "x_issue_valid", 1),
                (Hexadecimal, "x_issue_instr", 32),
                (Hexadecimal, "x_issue_rs1", 32),
                (Hexadecimal, "x_issue_rs2", 32),
                (Binary, "x_result_valid", 1),
                (Hexadecimal, "x_result_data", 32),
                (Binary, "x_result_exc", 1),
                (Hexadecimal, "conv_output_o", 128),
                (Hexadecimal, "conv_smax_o", 64),
            ],
        ),
        ("Interrupts (external, timer, software)", vec![(Binary, "irq_lines_o", 3)]),
    ]
}

fn save_file(unit: &UnitParameters) -> String {
    let lanes = 4 * unit.kernel * unit.kernel;
    let log_frac = unit.log_frac as usize;
    let side = (unit.kernel + 2).next_power_of_two().ilog2() as usize;
    let groups = vec![
        (
            "Clock and state (0 IDLE, 1 GET_DATA, 2 STAGE_1, 3 STAGE_2, 4 STAGE_3, 5 DONE)",
            vec![(Binary, "clk_i", 1), (Binary, "rst_ni", 1), (Decimal, "state_q", 3)],
        ),
        (
            "Command",
            vec![
                (Binary, "cmd_valid_i", 1),
                (Binary, "cmd_ready_o", 1),
                (Binary, "cmd_op_i", 1),
                (Decimal, "cmd_size_i", 32),
                (Hexadecimal, "cmd_addr_i", 32),
                (Decimal, "cmd_kernel_i", 8),
                (Binary, "cmd_reuse_i", 1),
                (Binary, "cmd_tile_i", 1),
                (Decimal, "cmd_mode_i", 2),
                (Decimal, "cmd_threshold_i", 16),
                (Binary, "cmd_running_i", 1),
            ],
        ),
        (
            "Memory",
            vec![
                (Binary, "mem_req_o", 1),
                (Binary, "mem_gnt_i", 1),
                (Hexadecimal, "mem_addr_o", 32),
                (Binary, "mem_rvalid_i", 1),
                (Binary, "mem_err_i", 1),
                (Hexadecimal, "mem_rdata_i", unit.mem_width as usize),
            ],
        ),
        ("Decision (STAGE_2)", {
            let mut signals = vec![(Binary, "decide", 1), (Binary, "keep", lanes)];
            signals.push((Hexadecimal, "smax", 4 * (7 + log_frac)));
            signals
        }),
        (
            "Result",
            vec![
                (Binary, "done_valid_o", 1),
                (Binary, "done_ready_i", 1),
                (Decimal, "error_o", 2),
                (Hexadecimal, "output_o", 128),
                (Binary, "keep_o", lanes),
                (Hexadecimal, "smax_o", 4 * (7 + log_frac)),
            ],
        ),
        (
            "Kernel of the run, and the window that is held",
            vec![
                (Hexadecimal, "kernel", lanes * 8),
                (Binary, "held_q", 1),
                (Decimal, "fetch_side_q", side),
            ],
        ),
    ];

    text("The window of a mismatch report", "conv_unit", groups)
}

fn text(title: &str, top: &str, groups: Vec<Group>) -> String {
    let mut text = format!("[*] {title}\n[dumpfile] \"wave.vcd\"\n");
    for (title, signals) in groups {
        text.push_str(&format!("@200\n-{title}\n"));
        for (radix, name, width) in signals {
            let range = if width == 1 { String::new() } else { format!("[{}:0]", width - 1) };
            text.push_str(&format!("{}\nTOP.{top}.{name}{range}\n", radix.flags()));
        }
    }
    text
}
