// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Yosys is told.

use super::{Design, Flow};

pub(super) const JSON: &str = "netlist.json";
pub(super) const VERILOG: &str = "netlist.v";
pub(super) const FRONT_END: &str = "front_end.ys";
pub(super) const MAPPING: &str = "mapping.ys";
pub(super) const CONSTRAINTS: &str = "abc.constraints";
pub(super) const LIBRARY: &str = "cells.lib";
const ELABORATED: &str = "elaborated.il";

/// Files that nobody needs behind the synthesis.
pub(super) const LEFT_OVER: [&str; 5] = [FRONT_END, MAPPING, CONSTRAINTS, LIBRARY, ELABORATED];

/// The scripts of the two steps: elaboration by slang, which is there only where Yosys is
/// WebAssembly, and all else by native code, which is several times as fast.
pub(super) fn scripts<'a>(
    design: &Design,
    flow: &Flow<'_>,
    sources: impl Iterator<Item = &'a String>,
) -> [String; 2] {
    let top = design.top;
    let mut front_end = format!("read_slang --threads 1 --keep-hierarchy --top {top}");
    for (name, value) in &design.parameters {
        front_end += &format!(" -G{name}={value}");
    }
    for source in sources {
        front_end += &format!(" {source}");
    }
    front_end += &format!("\nwrite_rtlil {ELABORATED}\n");

    let Flow { library, period_ps, clock_gates } = flow;
    let gates = match clock_gates {
        // A gate is worth its clock pin from a few registers on.
        true => format!("clockgate -liberty {LIBRARY} -min_net_size 4\n"),
        false => String::new(),
    };
    let ties = library.ties.as_ref().map_or(String::new(), |[high, low]| {
        format!("hilomap -hicell {} {} -locell {} {}\n", high.0, high.1, low.0, low.1)
    });
    // `opt` may bring back cells of the coarse kind: they are mapped again before ABC, and none
    // may be left.
    let mapping = format!(
        "read_liberty -lib {LIBRARY}
read_rtlil {ELABORATED}
hierarchy -check -top {top}
check -assert
synth -booth -noabc -top {top}
opt_hier
opt -full
{gates}dfflibmap -liberty {LIBRARY}
opt
techmap
opt_clean
abc -liberty {LIBRARY} -D {period_ps} -constr {CONSTRAINTS}
setundef -zero
{ties}opt_clean -purge
select -assert-none t:$*
check -assert -mapped
splitnets
write_json {JSON}
write_verilog -noattr -noexpr -nohex -simple-lhs {VERILOG}
"
    );
    [front_end, mapping]
}
