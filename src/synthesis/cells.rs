// SPDX-License-Identifier: MIT OR Apache-2.0
//! Functional models of cells, and netlists with a wrong cell, as Verilog.

use std::fmt::Write as _;

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use silicon::liberty::{Cell, Direction, Function, Library, Storage};

/// Modules that behave as the cells of a library do, without delays. Those whose behaviour the
/// library does not tell are left out.
pub fn models(library: &Library) -> String {
    let cells = library.cells.iter().filter(|cell| cell.unsupported.is_none());
    cells.map(model).collect()
}

fn model(cell: &Cell) -> String {
    let name = |variable: usize| match variable.checked_sub(cell.pins.len()) {
        None => format!("\\{} ", cell.pins[variable].name),
        Some(0) => "state".to_owned(),
        Some(_) => "complement".to_owned(),
    };
    let expression = |function: &Function| function.verilog(&name).to_string();
    let ports: Vec<String> = cell
        .pins
        .iter()
        .map(|pin| match pin.direction {
            Direction::Input => format!("input \\{} ", pin.name),
            Direction::Output => format!("output \\{} ", pin.name),
        })
        .collect();
    let mut text = format!("module \\{} ({});\n", cell.name, ports.join(", "));
    // Writing into a String cannot fail.
    let mut line = |body: String| {
        let _ = writeln!(text, "  {body}");
    };
    if let Some(state) = &cell.state {
        line("reg state;".to_owned());
        let forced: Vec<(String, u8)> = [(&state.clear, 0), (&state.preset, 1)]
            .into_iter()
            .filter_map(|(function, value)| Some((expression(function.as_ref()?), value)))
            .collect();
        // Clear and preset together: what the library says that the state is then.
        let both = u8::from(state.cleared_and_preset);
        let mut branches: Vec<String> = match &forced[..] {
            [(clear, _), (preset, _)] => {
                vec![format!("if ({clear} && {preset}) state <= 1'b{both};")]
            }
            _ => Vec::new(),
        };
        branches
            .extend(forced.iter().map(|(when, value)| format!("if ({when}) state <= 1'b{value};")));
        let (control, data) = (expression(&state.control), expression(&state.data));
        match state.kind {
            Storage::FlipFlop => {
                line(format!("wire control = {control};"));
                let mut edges = vec!["posedge control".to_owned()];
                for (number, (when, _)) in forced.iter().enumerate() {
                    line(format!("wire forced_{number} = {when};"));
                    edges.push(format!("posedge forced_{number}"));
                }
                branches.push(format!("state <= {data};"));
                line(format!("always @({}) {}", edges.join(" or "), branches.join(" else ")));
            }
            Storage::Latch => {
                branches.push(format!("if ({control}) state <= {data};"));
                line(format!("always_latch {}", branches.join(" else ")));
            }
        }
        line("wire complement = ~state;".to_owned());
    }
    for pin in cell.pins.iter().filter(|pin| pin.direction == Direction::Output) {
        if let Some(function) = &pin.function {
            line(format!("assign \\{}  = {};", pin.name, expression(function)));
        }
    }
    text + "endmodule\n"
}

/// A netlist in which one cell is another one with the same pins, both chosen by a seed, and what was
/// changed; nothing if no cell has another one that fits.
pub fn with_changed_cell(netlist: &str, library: &Library, seed: u32) -> Option<(String, String)> {
    let mut module = "";
    let mut cells = Vec::new();
    let mut at = 0;
    for line in netlist.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("module ") {
            module = rest.split(['(', ' ']).next().unwrap_or_default();
        }
        let mut words = line.split_whitespace();
        if let (Some(kind), Some(name), Some("(")) = (words.next(), words.next(), words.next())
            && let Some(number) = library.find(kind)
        {
            let others = replacements(library, &library.cells[number]);
            if !others.is_empty() {
                let start = at + line.find(kind).unwrap_or_default();
                cells.push((start, kind, others, format!("cell {name} of {module}")));
            }
        }
        at += line.len();
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed.into());
    let (start, kind, others, what) = cells.choose(&mut random)?;
    let other = others.choose(&mut random)?;
    let (before, after) = (&netlist[..*start], &netlist[start + kind.len()..]);
    Some((format!("{before}{other}{after}"), format!("{what}: {kind} became {other}")))
}

/// Cells with the same pins and another function.
fn replacements<'l>(library: &'l Library, cell: &Cell) -> Vec<&'l str> {
    let pins = |cell: &Cell| -> Vec<(String, Direction)> {
        let mut pins: Vec<_> =
            cell.pins.iter().map(|pin| (pin.name.clone(), pin.direction)).collect();
        pins.sort_by(|a, b| a.0.cmp(&b.0));
        pins
    };
    let table = |cell: &Cell| {
        let mut inputs = cell.inputs();
        inputs.sort_by(|&a, &b| cell.pins[a].name.cmp(&cell.pins[b].name));
        let functions = cell.pins.iter().filter_map(|pin| pin.function.as_ref());
        functions.map(|it| it.truth_table(&inputs)).collect::<Option<Vec<_>>>()
    };
    let Some(own) = table(cell).filter(|_| cell.state.is_none()) else { return Vec::new() };
    let fits = |other: &&Cell| {
        other.state.is_none()
            && other.unsupported.is_none()
            && pins(other) == pins(cell)
            && table(other).is_some_and(|it| it != own)
    };
    library.cells.iter().filter(fits).map(|other| other.name.as_str()).collect()
}
