// SPDX-License-Identifier: MIT OR Apache-2.0
//! What Yosys is told.

use super::library::ClockGate;
use super::{CellLibrary, Design, Flow, Multiplier};

pub(super) const JSON: &str = "netlist.json";
pub(super) const VERILOG: &str = "netlist.v";
pub(super) const FRONT_END: &str = "front_end.ys";
pub(super) const MAPPING: &str = "mapping.ys";
pub(super) const CONSTRAINTS: &str = "abc.constraints";
pub(super) const LIBRARY: &str = "cells.lib";
pub(super) const CLOCK_GATE: &str = "clock_gate.map.v";
const ELABORATED: &str = "elaborated.il";

/// Files that nobody needs behind the synthesis.
pub(super) const LEFT_OVER: [&str; 6] =
    [FRONT_END, MAPPING, CONSTRAINTS, LIBRARY, CLOCK_GATE, ELABORATED];

/// What takes the place of the RTL's clock gates: the library's cell; nothing where it has none, and
/// the latch of the RTL stays.
pub(super) fn clock_gate(library: &CellLibrary) -> String {
    let Some(ClockGate { cell, clock, enable, output }) = &library.clock_gate else {
        return String::new();
    };
    format!(
        "module clock_gate (input clk_i, input enable_i, output clk_o);
  {cell} gate (.{clock}(clk_i), .{enable}(enable_i), .{output}(clk_o));
endmodule
"
    )
}

/// The scripts of the two steps: elaboration by slang, which is there only where Yosys is
/// WebAssembly, and all else by native code, which is several times as fast.
pub(super) fn scripts<'a>(
    design: &Design,
    flow: &Flow<'_>,
    sources: impl Iterator<Item = &'a String>,
) -> [String; 2] {
    let top = design.top;
    let mut front_end = format!("read_slang --threads 1 --keep-hierarchy --top {top}");
    let has_gate = flow.library.clock_gate.is_some();
    if has_gate {
        front_end += " --blackboxed-module clock_gate";
    }
    for (name, value) in &design.parameters {
        front_end += &format!(" -G{name}={value}");
    }
    for source in sources {
        front_end += &format!(" {source}");
    }
    front_end += &format!("\nwrite_rtlil {ELABORATED}\n");

    let Flow { library, period_ps, clock_gates, multiplier } = flow;
    // `synth` would make them of the plain kind.
    let products = match multiplier {
        Multiplier::Booth => "",
        Multiplier::BoothLowpower => "proc\nopt\nwreduce\npeepopt\nopt_clean\nbooth -lowpower\n",
    };
    let place_gates = if has_gate { format!("techmap -map {CLOCK_GATE}\n") } else { String::new() };
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
{place_gates}check -assert
{products}synth -booth -noabc -top {top}
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
