//! A GTKWave save file for the waveform of a window: signals in groups, radices set.

use std::path::Path;

use crate::dut::UnitParameters;
use crate::report::atomic::{WriteError, write_atomic};

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

fn save_file(unit: &UnitParameters) -> String {
    let lanes = 4 * unit.kernel * unit.kernel;
    let log_frac = unit.log_frac as usize;
    let side = (unit.kernel + 2).next_power_of_two().ilog2() as usize;
    let groups: [(&str, Vec<Signal>); 6] = [
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

    let mut text = String::from("[*] The window of a mismatch report\n[dumpfile] \"wave.vcd\"\n");
    for (title, signals) in groups {
        text.push_str(&format!("@200\n-{title}\n"));
        for (radix, name, width) in signals {
            let range = if width == 1 { String::new() } else { format!("[{}:0]", width - 1) };
            text.push_str(&format!("{}\nTOP.conv_unit.{name}{range}\n", radix.flags()));
        }
    }
    text
}
