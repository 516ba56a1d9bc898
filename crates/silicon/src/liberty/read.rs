// SPDX-License-Identifier: MIT OR Apache-2.0
//! From statements to a library.

use std::collections::BTreeMap;

use super::syntax::{self, Statement, Wrong};
use super::{
    Arc, ArcKind, Both, Cell, Delay, Direction, Edge, Function, Library, Pin, Power, Sense, Setup,
    State, Storage, Table, WireLoad,
};

pub(super) fn library(text: &str) -> Result<Library, Wrong> {
    let library = syntax::parse(text)?;
    if library.name != "library" {
        return Err((
            library.line,
            format!("a library begins with library (NAME), not {}", library.name),
        ));
    }
    let scale = Scale::of(&library)?;
    let mut templates = BTreeMap::new();
    for kind in ["lu_table_template", "power_lut_template"] {
        for template in library.all(kind) {
            let name = template
                .arguments
                .first()
                .ok_or((template.line, "a template lacks a name".into()))?;
            templates.insert((kind, *name), template);
        }
    }
    let reader = Reader { scale, templates, library: &library };
    let mut cells = Vec::new();
    let mut by_name = BTreeMap::new();
    for group in library.all("cell") {
        let cell = reader.cell(group)?;
        if by_name.insert(cell.name.clone(), cells.len()).is_some() {
            return Err((group.line, format!("a cell {} stands above already", cell.name)));
        }
        cells.push(cell);
    }
    if cells.is_empty() {
        return Err((library.line, "the library has no cells".into()));
    }
    Ok(Library {
        name: library.arguments.first().copied().unwrap_or_default().to_owned(),
        voltage_v: reader.voltage()?,
        wire_load: reader.wire_load()?,
        cells,
        by_name,
    })
}

/// What a number of the file is in the units of this crate.
struct Scale {
    ps: f64,
    ff: f64,
    nw: f64,
    fj: f64,
}

impl Scale {
    fn of(library: &Statement) -> Result<Self, Wrong> {
        let unit = |name: &str, default: &str, base: &str| {
            let text = library.text(name).unwrap_or(default);
            let line = library.get(name).map_or(library.line, |it| it.line);
            unit(text, base)
                .ok_or((line, format!("{text:?} is no {name}; write one such as {default:?}")))
        };
        let capacitance = match library.get("capacitive_load_unit") {
            Some(it) => match it.arguments[..] {
                [number, name] => unit_of(number, name, "f"),
                _ => None,
            }
            .ok_or((it.line, "capacitive_load_unit is a number and ff or pf".to_owned()))?,
            None => 1e-12,
        };
        let volts = unit("voltage_unit", "1V", "V")?;
        Ok(Self {
            ps: unit("time_unit", "1ns", "s")? * 1e12,
            ff: capacitance * 1e15,
            nw: unit("leakage_power_unit", "1nW", "W")? * 1e9,
            // Liberty: internal power is an energy in capacitance unit times voltage unit squared.
            fj: capacitance * volts * volts * 1e15,
        })
    }
}

/// No number of a library is as large, in whatever unit: products of a few are finite.
const LARGEST: f64 = 1e30;

/// `1ns`, `10ps`: a number, a prefix and a base unit.
fn unit(text: &str, base: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_alphabetic())?;
    unit_of(&text[..end], &text[end..], base)
}

fn unit_of(number: &str, name: &str, base: &str) -> Option<f64> {
    let name = name.trim().to_lowercase();
    let factor = match name.strip_suffix(&base.to_lowercase())? {
        "" => 1.0,
        "m" => 1e-3,
        "u" => 1e-6,
        "n" => 1e-9,
        "p" => 1e-12,
        "f" => 1e-15,
        "a" => 1e-18,
        _ => return None,
    };
    number.trim().parse::<f64>().ok().filter(|it| *it > 0.0 && *it < LARGEST).map(|it| it * factor)
}

struct Reader<'a> {
    scale: Scale,
    templates: BTreeMap<(&'static str, &'a str), &'a Statement<'a>>,
    library: &'a Statement<'a>,
}

/// Names of a cell's pins and of its state, by which functions and arcs are read.
struct Names<'a> {
    pins: Vec<&'a str>,
    state: [&'a str; 2],
}

impl Names<'_> {
    fn variable(&self, name: &str) -> Option<usize> {
        self.pin(name).or_else(|| {
            let state = self.state.iter().position(|it| !it.is_empty() && *it == name)?;
            Some(self.pins.len() + state)
        })
    }

    fn pin(&self, name: &str) -> Option<usize> {
        self.pins.iter().position(|it| *it == name)
    }

    /// The function in an attribute of a group.
    fn function(&self, group: &Statement, attribute: &str) -> Result<Option<Function>, Wrong> {
        let Some(it) = group.get(attribute) else { return Ok(None) };
        let text = it.arguments.join(" ");
        match Function::parse(&text, |name| self.variable(name)) {
            Ok(function) => Ok(Some(function)),
            Err(problem) => Err((it.line, format!("{attribute}: {problem}"))),
        }
    }

    /// The pins that an attribute lists, with blanks between.
    fn pins_of(&self, group: &Statement, attribute: &str) -> Result<Vec<usize>, Wrong> {
        let Some(it) = group.get(attribute) else { return Ok(Vec::new()) };
        let names = it.arguments.iter().flat_map(|argument| argument.split_whitespace());
        names
            .map(|name| {
                let problem = || format!("{attribute} names {name:?}, which is no pin of the cell");
                self.pin(name).ok_or_else(|| (it.line, problem()))
            })
            .collect()
    }
}

impl<'a> Reader<'a> {
    fn voltage(&self) -> Result<f64, Wrong> {
        let chosen = self.library.text("default_operating_conditions");
        let conditions = self.library.all("operating_conditions");
        let conditions = conditions.filter(|it| it.arguments.first().copied() == chosen).last();
        for (group, name) in
            conditions.map(|it| (it, "voltage")).into_iter().chain([(self.library, "nom_voltage")])
        {
            if let Some(volts) = number(group, name)? {
                return Ok(volts);
            }
        }
        Err((self.library.line, "the library says no nom_voltage".into()))
    }

    fn wire_load(&self) -> Result<Option<WireLoad>, Wrong> {
        let Some(default) = self.library.get("default_wire_load") else { return Ok(None) };
        let name = default.arguments.first().copied().unwrap_or_default();
        let mut groups = self.library.all("wire_load");
        let group = groups.find(|it| it.arguments.first() == Some(&name)).ok_or_else(|| {
            (default.line, format!("default_wire_load is {name:?}, but there is no such wire_load"))
        })?;
        let mut lengths = Vec::new();
        for entry in group.all("fanout_length") {
            let numbers = numbers(entry)?;
            let [fanout, length, ..] = numbers[..] else {
                return Err((entry.line, "fanout_length is a fan-out and a length".into()));
            };
            lengths.push((fanout, length));
        }
        lengths.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Some(WireLoad {
            name: name.to_owned(),
            ff_per_length: size(group, "capacitance")?.unwrap_or(0.0) * self.scale.ff,
            slope: size(group, "slope")?.unwrap_or(0.0),
            lengths,
        }))
    }

    fn cell(&self, group: &'a Statement<'a>) -> Result<Cell, Wrong> {
        let name = group.arguments.first().ok_or((group.line, "a cell lacks a name".to_owned()))?;
        is_name(group, name)?;
        let mut pins = Vec::new();
        for pin in group.all("pin") {
            let direction = pin.text("direction").unwrap_or("input");
            if direction == "internal" {
                continue;
            }
            for name in pin.arguments.iter().flat_map(|it| it.split([',', ' '])) {
                is_name(pin, name)?;
                if pins.iter().any(|(other, _)| *other == name) {
                    return Err((pin.line, format!("a pin {name} stands above already")));
                }
                pins.push((name, pin));
            }
        }
        let storing = ["ff", "latch", "statetable"].iter().find_map(|kind| group.get(kind));
        let state = match storing.map(|it| (it.name, &it.arguments[..])) {
            None => ["", ""],
            // The names of the inputs, then those of the states.
            Some(("statetable", [_, states])) => {
                [states.split_whitespace().next().unwrap_or(""), ""]
            }
            Some((_, [state, inverse])) => [*state, *inverse],
            Some((kind, _)) => {
                return Err((group.line, format!("{kind} of {name} needs two names")));
            }
        };
        let names = Names { pins: pins.iter().map(|(name, _)| *name).collect(), state };

        let gate = group.text("clock_gating_integrated_cell");
        let mut unsupported = ["bus", "bundle", "ff_bank", "latch_bank"]
            .iter()
            .find_map(|kind| group.get(kind))
            .map(|it| format!("it has the group {}", it.name));
        let state = match (storing, gate) {
            (_, Some(gate)) => match self.clock_gate(group, gate, &names)? {
                Some(state) => Some(state),
                None => {
                    unsupported = Some(format!("clock_gating_integrated_cell is {gate}"));
                    None
                }
            },
            (Some(it), None) if it.name == "statetable" => {
                unsupported = Some("its state is a statetable".into());
                None
            }
            (Some(it), None) => Some(state_of(it, &names)?),
            (None, None) => None,
        };

        let mut made = Vec::new();
        for (name, pin) in pins {
            made.push(self.pin(name, pin, &names, state.as_ref().filter(|_| gate.is_some()))?);
            if pin.get("three_state").is_some() {
                unsupported = Some(format!("its output {name} is tri-state"));
            }
        }
        let written = size(group, "cell_leakage_power")?;
        let mut by_state = Vec::new();
        for leakage in group.all("leakage_power") {
            by_state.extend(size(leakage, "value")?);
        }
        let mean =
            (!by_state.is_empty()).then(|| by_state.iter().sum::<f64>() / by_state.len() as f64);
        let default = size(self.library, "default_cell_leakage_power")?;
        Ok(Cell {
            name: (*name).to_owned(),
            area_um2: size(group, "area")?.unwrap_or(0.0),
            leakage_nw: written.or(mean).or(default).unwrap_or(0.0) * self.scale.nw,
            pins: made,
            state,
            clock_gate: gate.is_some(),
            unsupported,
        })
    }

    /// The latch in a clock gate: for a rising clock it follows the enable while the clock is low.
    fn clock_gate(
        &self,
        group: &Statement,
        kind: &str,
        names: &Names,
    ) -> Result<Option<State>, Wrong> {
        let pin = |role: &str| {
            let pin = group.all("pin").find(|pin| pin.text(role) == Some("true"));
            pin.and_then(|pin| names.pin(pin.arguments.first()?)).map(Function::Variable)
        };
        let rising = match kind {
            it if it.starts_with("latch_posedge") => true,
            it if it.starts_with("latch_negedge") => false,
            _ => return Ok(None),
        };
        let (Some(clock), Some(enable)) =
            (pin("clock_gate_clock_pin"), pin("clock_gate_enable_pin"))
        else {
            let problem =
                "a clock gate needs pins with clock_gate_clock_pin and clock_gate_enable_pin";
            return Err((group.line, problem.into()));
        };
        let data = match pin("clock_gate_test_pin").filter(|_| kind.ends_with("precontrol")) {
            Some(test) => Function::Or(enable.into(), test.into()),
            None => enable,
        };
        let control = if rising { Function::Not(clock.into()) } else { clock };
        Ok(Some(State {
            kind: Storage::Latch,
            data,
            control,
            clear: None,
            preset: None,
            cleared_and_preset: false,
        }))
    }

    /// `gate` is the latch of a clock gate.
    fn pin(
        &self,
        name: &str,
        pin: &'a Statement<'a>,
        names: &Names,
        gate: Option<&State>,
    ) -> Result<Pin, Wrong> {
        let direction = match pin.text("direction") {
            Some("input") | None => Direction::Input,
            Some("output") => Direction::Output,
            Some(other) => {
                return Err((pin.line, format!("the direction {other:?} of {name} is not known")));
            }
        };
        let mut function = names.function(pin, "function")?;
        if function.is_none() {
            function = names.function(pin, "state_function")?;
        }
        if let (None, Some(gate), Direction::Output) = (&function, gate, direction) {
            let state = Function::Variable(names.pins.len());
            function = Some(match &gate.control {
                Function::Not(clock) => Function::And(clock.clone(), state.into()),
                clock => Function::Or(clock.clone().into(), Function::Not(state.into()).into()),
            });
        }
        let both = size(pin, "capacitance")?;
        let one = |attribute| {
            let written = size(pin, attribute)?.or(both).unwrap_or(0.0);
            Ok(written * self.scale.ff)
        };
        let capacitance_ff =
            Both { rise: one("rise_capacitance")?, fall: one("fall_capacitance")? };
        let (mut arcs, mut setups) = (Vec::new(), Vec::new());
        for timing in pin.all("timing") {
            self.timing(timing, names, &mut arcs, &mut setups)?;
        }
        let mut powers = Vec::new();
        for power in pin.all("internal_power") {
            let table = |names: [&str; 2]| match names.iter().find_map(|name| power.get(name)) {
                Some(it) => self.table("power_lut_template", it, self.scale.fj).map(Some),
                None => Ok(None),
            };
            powers.push(Power {
                from: names.pins_of(power, "related_pin")?,
                when: names.function(power, "when")?,
                rise: table(["rise_power", "power"])?,
                fall: table(["fall_power", "power"])?,
            });
        }
        Ok(Pin { name: name.to_owned(), direction, capacitance_ff, function, arcs, setups, powers })
    }

    fn timing(
        &self,
        timing: &'a Statement<'a>,
        names: &Names,
        arcs: &mut Vec<Arc>,
        setups: &mut Vec<Setup>,
    ) -> Result<(), Wrong> {
        let table = |name: &str| match timing.get(name) {
            Some(it) => self.table("lu_table_template", it, self.scale.ps).map(Some),
            None => Ok(None),
        };
        let pins = names.pins_of(timing, "related_pin")?;
        let kind = match timing.text("timing_type").unwrap_or("combinational") {
            "combinational" | "combinational_rise" | "combinational_fall" => ArcKind::Combinational,
            "rising_edge" => ArcKind::Launch(Edge::Rise),
            "falling_edge" => ArcKind::Launch(Edge::Fall),
            "clear" | "preset" => ArcKind::Asynchronous,
            it @ ("setup_rising" | "setup_falling") => {
                let edge = if it == "setup_rising" { Edge::Rise } else { Edge::Fall };
                let (rise, fall) = (table("rise_constraint")?, table("fall_constraint")?);
                setups.extend(pins.iter().map(|&clock| Setup {
                    clock,
                    edge,
                    rise: rise.clone(),
                    fall: fall.clone(),
                }));
                return Ok(());
            }
            _ => return Ok(()),
        };
        let sense = match timing.text("timing_sense") {
            Some("positive_unate") => Some(Sense::Positive),
            Some("negative_unate") => Some(Sense::Negative),
            _ => None,
        };
        let delay = |delay: &str, slew: &str| match (table(delay)?, table(slew)?) {
            (Some(delay), Some(slew)) => Ok(Some(Delay { delay, slew })),
            (None, None) => Ok(None),
            _ => Err((timing.line, format!("{delay} and {slew} need each other"))),
        };
        let (rise, fall) =
            (delay("cell_rise", "rise_transition")?, delay("cell_fall", "fall_transition")?);
        arcs.extend(pins.iter().map(|&from| Arc {
            from,
            kind,
            sense,
            rise: rise.clone(),
            fall: fall.clone(),
        }));
        Ok(())
    }

    /// Rows are the slew of the input or of the constrained pin; columns are the load, or the slew
    /// of the clock.
    fn table(&self, kind: &'static str, table: &Statement, scale: f64) -> Result<Table, Wrong> {
        let wrong = |problem: &str| (table.line, format!("{}: {problem}", table.name));
        let name = table.arguments.first().copied().unwrap_or("scalar");
        let template = match self.templates.get(&(kind, name)) {
            _ if name == "scalar" => None,
            Some(template) => Some(*template),
            None => return Err(wrong(&format!("there is no {kind} ({name})"))),
        };
        let values = table.get("values").ok_or_else(|| wrong("it has no values"))?;
        let values = numbers(values)?.into_iter().map(|value| value * scale).collect();
        if template.is_some_and(|it| it.get("variable_3").is_some()) {
            return Err(wrong("tables of three variables are not read"));
        }
        let mut axes: [Option<Vec<f64>>; 2] = [None, None];
        let mut first_is_column = false;
        for (i, axis) in axes.iter_mut().enumerate() {
            let name = ["variable_1", "variable_2"][i];
            let Some(variable) = template.and_then(|it| it.get(name)) else { continue };
            let (unit, column) = match variable.arguments.first().copied().unwrap_or_default() {
                "input_net_transition" | "input_transition_time" | "constrained_pin_transition" => {
                    (self.scale.ps, false)
                }
                "related_pin_transition" => (self.scale.ps, true),
                "total_output_net_capacitance" => (self.scale.ff, true),
                other => return Err((variable.line, format!("the variable {other} is not known"))),
            };
            let index = ["index_1", "index_2"][i];
            let points = table.get(index).or_else(|| template.and_then(|it| it.get(index)));
            let points = points.ok_or_else(|| wrong(&format!("it has no {index}")))?;
            *axis = Some(numbers(points)?.into_iter().map(|point| point * unit).collect());
            if i == 0 {
                first_is_column = column;
            } else if column == first_is_column {
                return Err(wrong("its two variables are of one kind"));
            }
        }
        let [first, second] = axes.map(|axis| axis.unwrap_or_else(|| vec![0.0]));
        let made = Table::new(first, second, values).ok_or_else(|| {
            wrong("its indices do not ascend, or there are not as many values as pairs of them")
        })?;
        Ok(if first_is_column { made.transposed() } else { made })
    }
}

fn state_of(group: &Statement, names: &Names) -> Result<State, Wrong> {
    let (kind, data, control) = match group.name {
        "ff" => (Storage::FlipFlop, "next_state", "clocked_on"),
        _ => (Storage::Latch, "data_in", "enable"),
    };
    let need = |name: &str| {
        let function = names.function(group, name)?;
        function.ok_or_else(|| (group.line, format!("{} needs {name}", group.name)))
    };
    Ok(State {
        kind,
        data: need(data)?,
        control: need(control)?,
        clear: names.function(group, "clear")?,
        preset: names.function(group, "preset")?,
        cleared_and_preset: group.text("clear_preset_var1") == Some("H"),
    })
}

/// The numbers in all arguments, with commas or blanks between.
fn numbers(statement: &Statement) -> Result<Vec<f64>, Wrong> {
    let words = statement
        .arguments
        .iter()
        .flat_map(|argument| argument.split(|c: char| c == ',' || c == '\\' || c.is_whitespace()));
    words
        .filter(|word| !word.is_empty())
        .map(|word| match word.parse::<f64>() {
            Ok(number) if number.abs() < LARGEST => Ok(number),
            _ => Err((statement.line, format!("{word:?} in {} is no number", statement.name))),
        })
        .collect()
}

/// Names go into netlists, and into what the tools of synthesis are told: they are words, as those of
/// Verilog, with the index of a bit perhaps.
fn is_name(statement: &Statement, name: &str) -> Result<(), Wrong> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_$[]".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_part)
    {
        return Ok(());
    }
    let problem = format!("{name:?} is no name of a {}: letters, digits, _ and $", statement.name);
    Err((statement.line, problem))
}

/// A number that is not below 0.
fn size(group: &Statement, attribute: &str) -> Result<Option<f64>, Wrong> {
    let size = number(group, attribute)?;
    match (size, group.get(attribute)) {
        (Some(size), Some(statement)) if size < 0.0 => {
            Err((statement.line, format!("{attribute} is {size}; it is 0 at least")))
        }
        _ => Ok(size),
    }
}

/// The number that an attribute of a group is.
fn number(group: &Statement, attribute: &str) -> Result<Option<f64>, Wrong> {
    let Some(statement) = group.get(attribute) else { return Ok(None) };
    match numbers(statement)?[..] {
        [number] => Ok(Some(number)),
        _ => Err((statement.line, format!("{attribute} is one number"))),
    }
}
