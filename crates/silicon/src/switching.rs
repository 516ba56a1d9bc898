// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which nets change, and how often: an event-driven simulation of a netlist with the delays that
//! timing gives its cells.
//!
//! A cycle begins with the rising clock edge, at which registers take what was settled before. Then
//! the inputs change, and changes run through the cells until all is quiet. A cell's delay depends on
//! the input that changes and on the edge that it makes, and is inertial: a pulse that is shorter than
//! the delay does not come out. The clock is ideal, as in [`timing`](crate::timing), and a clock
//! gate passes the next edge if its enable is high when all is quiet.
//!
//! One run counts twice: every change, glitches included, and the changes that are left if the values
//! at the end of each cycle alone are compared, as they would be without delays.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::liberty::{ArcKind, Both, Direction, Edge, Function, Library};
use crate::netlist::{Net, Netlist};
use crate::timing::{Timing, TimingError, clock_port};

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SwitchingError {
    #[error(transparent)]
    Clock(#[from] TimingError),
    #[error("{cell} is a {kind}, which cannot be simulated: {reason}")]
    Cell { cell: String, kind: String, reason: &'static str },
    #[error("{0} does not come to rest: a register sets or clears itself again and again")]
    Restless(String),
}

/// Ticks of the simulation in a picosecond.
const TICKS_PER_PS: f64 = 4.0;

/// No path of one cycle takes as long: 1 µs.
const LONGEST: u64 = 1_000_000 * TICKS_PER_PS as u64;

/// How often the nets have changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Clock cycles.
    pub cycles: u64,
    /// By net, all changes.
    pub changes: Vec<Both<u64>>,
    /// By net, the changes from the end of one cycle to the end of the next.
    pub settled: Vec<Both<u64>>,
    /// By cell, what a register or a clock gate has seen; zeros for other cells.
    pub clocked: Vec<Clocked>,
    /// The longest time from a clock edge until all was quiet, in ps.
    pub quiet_ps: f64,
}

/// Rising clock edges at a register or a clock gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clocked {
    pub edges: u64,
    /// Those at which the register has taken another value, or that the gate has let through.
    pub changes: u64,
}

impl Activity {
    fn new(netlist: &Netlist) -> Self {
        let nets = vec![Both::default(); netlist.net_names.len()];
        let clocked = vec![Clocked::default(); netlist.cells.len()];
        Self { cycles: 0, changes: nets.clone(), settled: nets, clocked, quiet_ps: 0.0 }
    }

    /// Of all nets together.
    pub fn total_changes(&self) -> u64 {
        self.changes.iter().map(|net| net.rise + net.fall).sum()
    }
}

/// An output of a cell.
struct Gate {
    /// Bit i is the output while the inputs are i.
    table: u64,
    /// When the output changes, if a change is on its way; 0 if none is.
    due: u64,
    net: u32,
    inputs: u8,
    value: bool,
}

struct Register {
    cell: usize,
    /// Bit i of each is the value while the inputs are i.
    data: u64,
    clear: u64,
    preset: u64,
    cleared_and_preset: bool,
    inputs: u8,
    value: bool,
    /// Gates that have the value as their one input.
    outputs: Vec<Reader>,
}

/// A pin that a net leads to.
#[derive(Clone, Copy)]
struct Reader {
    /// A gate, or a register if the bit [`REGISTER`] is set.
    element: u32,
    /// Its input, as a mask.
    bit: u8,
    /// Ticks to a rising and a falling output.
    delay: Both<u32>,
}

const REGISTER: u32 = 1 << 31;

/// A net of the clock.
struct Clock {
    net: usize,
    /// The cell that drives it.
    cell: Option<usize>,
    /// The one above, in the list of all; nothing for the clock itself.
    above: Option<usize>,
    /// Of a clock gate: the inputs of its latch, and the table of what the latch takes.
    enable: Option<(Vec<Net>, u64)>,
    registers: Vec<usize>,
    running: bool,
}

/// A netlist in motion.
pub struct Simulator<'n> {
    netlist: &'n Netlist,
    gates: Vec<Gate>,
    registers: Vec<Register>,
    /// The readers of net n are `readers[first[n]..first[n + 1]]`.
    readers: Vec<Reader>,
    first: Vec<usize>,
    /// Each behind the one above it.
    clocks: Vec<Clock>,
    values: Vec<bool>,
    inputs: Vec<(Net, bool)>,
    wheel: Wheel,
    activity: Activity,
    counting: bool,
    cycle: u64,
    /// Nets that have changed in this cycle, with their values before, and by net the last cycle in
    /// which it has changed.
    touched: Vec<(usize, bool)>,
    touched_in: Vec<u64>,
}

impl<'n> Simulator<'n> {
    /// Registers start with random values of a seed, inputs with 0. `timing` is that of the netlist,
    /// `clock` its clock input.
    pub fn new(
        netlist: &'n Netlist,
        library: &Library,
        timing: &Timing,
        clock: &str,
        seed: u64,
    ) -> Result<Self, SwitchingError> {
        let mut builder = Builder {
            netlist,
            library,
            timing,
            gates: Vec::new(),
            registers: Vec::new(),
            readers: vec![Vec::new(); netlist.net_names.len()],
            values: (0..netlist.net_names.len()).map(|net| net == Net::ONE.index()).collect(),
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut numbers = BTreeMap::new();
        for (cell, instance) in netlist.cells.iter().enumerate() {
            let kind = &library.cells[instance.cell];
            if kind.state.is_some() && !kind.clock_gate {
                numbers.insert(cell, builder.registers.len());
                builder.register(cell, random.random())?;
            }
        }
        for &cell in &timing.order {
            builder.combinational(cell)?;
        }
        builder.connect_registers();
        let clocks = builder.clocks(clock, &numbers)?;
        let Builder { gates, registers, readers, values, .. } = builder;
        let outputs = registers.iter().flat_map(|register| &register.outputs);
        let delays =
            readers.iter().flatten().chain(outputs).map(|it| it.delay.rise.max(it.delay.fall));
        let wheel = Wheel::new(delays.max().unwrap_or(1));
        let mut first = vec![0];
        first.extend(readers.iter().scan(0, |sum, readers| {
            *sum += readers.len();
            Some(*sum)
        }));
        let mut simulator = Self {
            netlist,
            gates,
            registers,
            readers: readers.into_iter().flatten().collect(),
            first,
            clocks,
            touched_in: vec![0; values.len()],
            values,
            inputs: Vec::new(),
            wheel,
            activity: Activity::new(netlist),
            counting: true,
            cycle: 0,
            touched: Vec::new(),
        };
        // With all inputs low, resets may be active.
        for number in 0..simulator.registers.len() {
            let register = &simulator.registers[number];
            if register.forced().is_some_and(|forced| forced != register.value) {
                simulator.store(number);
            }
        }
        simulator.settle(simulator.wheel.now)?;
        simulator.touched.clear();
        simulator.take_activity();
        Ok(simulator)
    }

    /// Gives an input of the design another value, in the next cycle; the lowest bit first.
    pub fn set(&mut self, nets: &[Net], bits: impl IntoIterator<Item = bool>) {
        self.inputs.extend(nets.iter().copied().zip(bits));
    }

    /// The value of a net.
    pub fn value(&self, net: Net) -> bool {
        self.values[net.index()]
    }

    /// Whether changes count from now on; they do at first.
    pub fn count(&mut self, counting: bool) {
        self.counting = counting;
    }

    /// What has counted since the last call, or since the start.
    pub fn take_activity(&mut self) -> Activity {
        std::mem::replace(&mut self.activity, Activity::new(self.netlist))
    }

    /// One clock cycle: registers take their values, inputs change, all comes to rest.
    pub fn cycle(&mut self) -> Result<(), SwitchingError> {
        self.cycle += 1;
        let start = self.wheel.now;
        self.edge();
        for (net, value) in std::mem::take(&mut self.inputs) {
            if self.values[net.index()] != value {
                self.change(net.index());
            }
        }
        self.settle(start)?;
        if !self.counting {
            return Ok(());
        }
        let quiet = (self.wheel.now - start) as f64 / TICKS_PER_PS;
        self.activity.quiet_ps = self.activity.quiet_ps.max(quiet);
        for (net, before) in self.touched.drain(..) {
            let after = self.values[net];
            if after != before {
                *self.activity.settled[net].of_mut(edge_to(after)) += 1;
            }
        }
        self.activity.cycles += 1;
        Ok(())
    }

    /// Until nothing changes any more.
    fn settle(&mut self, start: u64) -> Result<(), SwitchingError> {
        while let Some(gate) = self.wheel.next() {
            let gate = &mut self.gates[gate as usize];
            // Events that were called off are still in the wheel.
            if gate.due == self.wheel.now {
                gate.due = 0;
                gate.value = !gate.value;
                let net = gate.net as usize;
                self.change(net);
            }
            if self.wheel.now - start > LONGEST {
                return Err(SwitchingError::Restless(self.netlist.top.clone()));
            }
        }
        Ok(())
    }

    fn edge(&mut self) {
        let mut changed = Vec::new();
        let one = u64::from(self.counting);
        for i in 0..self.clocks.len() {
            let clock = &self.clocks[i];
            let enabled = clock.enable.as_ref().is_none_or(|(nets, table)| {
                let inputs = nets
                    .iter()
                    .rev()
                    .fold(0, |bits, net| bits << 1 | u32::from(self.values[net.index()]));
                table >> inputs & 1 != 0
            });
            let reached = clock.above.is_none_or(|above| self.clocks[above].running);
            let running = enabled && reached;
            if let Some(cell) = clock.cell.filter(|_| clock.enable.is_some() && reached) {
                self.activity.clocked[cell].edges += one;
                self.activity.clocked[cell].changes += one * u64::from(running);
            }
            self.clocks[i].running = running;
            if !running {
                continue;
            }
            let clock = &self.clocks[i];
            for counts in [&mut self.activity.changes, &mut self.activity.settled] {
                counts[clock.net].rise += one;
                counts[clock.net].fall += one;
            }
            for &number in &clock.registers {
                let register = &self.registers[number];
                let clocked = &mut self.activity.clocked[register.cell];
                clocked.edges += one;
                let held = (register.clear | register.preset) >> register.inputs & 1 != 0;
                if !held && (register.data >> register.inputs & 1 != 0) != register.value {
                    clocked.changes += one;
                    changed.push(number);
                }
            }
        }
        for number in changed {
            self.store(number);
        }
    }

    /// The register takes its other value.
    fn store(&mut self, number: usize) {
        let register = &mut self.registers[number];
        register.value = !register.value;
        for i in 0..register.outputs.len() {
            let reader = self.registers[number].outputs[i];
            self.evaluate(reader);
        }
    }

    /// The net takes its other value.
    fn change(&mut self, net: usize) {
        let value = !self.values[net];
        self.values[net] = value;
        if self.counting {
            if self.touched_in[net] != self.cycle {
                self.touched_in[net] = self.cycle;
                self.touched.push((net, !value));
            }
            *self.activity.changes[net].of_mut(edge_to(value)) += 1;
        }
        for i in self.first[net]..self.first[net + 1] {
            let reader = self.readers[i];
            if reader.element & REGISTER == 0 {
                self.evaluate(reader);
                continue;
            }
            let number = (reader.element & !REGISTER) as usize;
            let register = &mut self.registers[number];
            register.inputs ^= reader.bit;
            let forced = register.forced();
            if forced.is_some_and(|forced| forced != register.value) {
                self.store(number);
            }
        }
    }

    /// An input of a gate has changed.
    fn evaluate(&mut self, reader: Reader) {
        let gate = &mut self.gates[reader.element as usize];
        gate.inputs ^= reader.bit;
        let value = gate.table >> gate.inputs & 1 != 0;
        if value == gate.value {
            gate.due = 0;
        } else if gate.due == 0 {
            gate.due = self.wheel.now + u64::from(reader.delay.of(edge_to(value)));
            self.wheel.put(gate.due, reader.element);
        }
    }
}

fn edge_to(value: bool) -> Edge {
    if value { Edge::Rise } else { Edge::Fall }
}

impl Register {
    /// The value to which clear and preset force it.
    fn forced(&self) -> Option<bool> {
        match (self.clear >> self.inputs & 1 != 0, self.preset >> self.inputs & 1 != 0) {
            (false, false) => None,
            (true, false) => Some(false),
            (false, true) => Some(true),
            (true, true) => Some(self.cleared_and_preset),
        }
    }
}

struct Builder<'a> {
    netlist: &'a Netlist,
    library: &'a Library,
    timing: &'a Timing,
    gates: Vec<Gate>,
    registers: Vec<Register>,
    readers: Vec<Vec<Reader>>,
    values: Vec<bool>,
}

impl Builder<'_> {
    fn refuse(&self, cell: usize, reason: &'static str) -> SwitchingError {
        let kind = self.library.cells[self.netlist.cells[cell].cell].name.clone();
        SwitchingError::Cell { cell: self.netlist.cell_path(cell), kind, reason }
    }

    fn net(&self, cell: usize, pin: usize) -> Net {
        self.netlist.cells[cell].nets[pin].expect("a netlist has a net at each input")
    }

    /// The number of the next gate or register.
    fn number(&self, cell: usize, count: usize) -> Result<u32, SwitchingError> {
        let number = u32::try_from(count).ok().filter(|number| number & REGISTER == 0);
        number.ok_or_else(|| self.refuse(cell, "there are too many cells"))
    }

    fn table(
        &self,
        cell: usize,
        function: &Function,
        inputs: &[usize],
    ) -> Result<u64, SwitchingError> {
        function
            .truth_table(inputs)
            .ok_or_else(|| self.refuse(cell, "a function has more than six inputs"))
    }

    /// A pin whose edges differ in one direction alone delays the other one as long.
    fn delay(&self, cell: usize, from: usize, to: usize) -> Result<Both<u32>, SwitchingError> {
        let delay = self.timing.delay_ps(self.netlist, self.library, cell, from, to);
        let ticks = |one: Option<f64>, other: Option<f64>| {
            let ticks = (one.or(other).unwrap_or(0.0) * TICKS_PER_PS).round().max(1.0);
            if ticks > LONGEST as f64 {
                return Err(self.refuse(cell, "its delay is more than 1 µs"));
            }
            Ok(ticks as u32)
        };
        Ok(Both { rise: ticks(delay.rise, delay.fall)?, fall: ticks(delay.fall, delay.rise)? })
    }

    /// The gates of a cell that stores nothing. What drives its inputs is there already.
    fn combinational(&mut self, cell: usize) -> Result<(), SwitchingError> {
        let kind = &self.library.cells[self.netlist.cells[cell].cell];
        for to in kind.outputs() {
            let Some(output) = self.netlist.cells[cell].nets[to] else { continue };
            let Some(function) = &kind.pins[to].function else {
                return Err(self.refuse(cell, "an output has no function"));
            };
            let pins = function.variables();
            let table = self.table(cell, function, &pins)?;
            let element = self.number(cell, self.gates.len())?;
            let mut inputs = 0;
            for (i, &pin) in pins.iter().enumerate() {
                let net = self.net(cell, pin);
                let bit = 1 << i;
                inputs |= if self.values[net.index()] { bit } else { 0 };
                let delay = self.delay(cell, pin, to)?;
                self.readers[net.index()].push(Reader { element, bit, delay });
            }
            self.gate(table, inputs, output);
        }
        Ok(())
    }

    fn gate(&mut self, table: u64, inputs: u8, output: Net) {
        let value = table >> inputs & 1 != 0;
        self.values[output.index()] = value;
        self.gates.push(Gate { table, due: 0, net: output.0, inputs, value });
    }

    fn register(&mut self, cell: usize, value: bool) -> Result<(), SwitchingError> {
        let kind = &self.library.cells[self.netlist.cells[cell].cell];
        let state = kind.state.as_ref().expect("a register stores");
        let pins = self.register_pins(cell);
        let mut outputs = Vec::new();
        for to in kind.outputs() {
            let Some(output) = self.netlist.cells[cell].nets[to] else { continue };
            let stored = [kind.pins.len(), kind.pins.len() + 1];
            let function = kind.pins[to].function.as_ref().filter(|function| {
                function.variables().iter().all(|variable| stored.contains(variable))
            });
            let Some(function) = function else {
                return Err(self.refuse(cell, "an output is no function of the state alone"));
            };
            // Inputs 0b10 are a state of 0, inputs 0b01 one of 1.
            let both = self.table(cell, function, &stored)?;
            let table = both >> 2 & 1 | both & 2;
            let launch =
                kind.pins[to].arcs.iter().find(|arc| matches!(arc.kind, ArcKind::Launch(_)));
            let clock = launch.map_or(0, |arc| arc.from);
            let element = self.number(cell, self.gates.len())?;
            outputs.push(Reader { element, bit: 1, delay: self.delay(cell, clock, to)? });
            self.gate(table, u8::from(value), output);
        }
        let asynchronous = |function: &Option<Function>| match function {
            Some(function) => self.table(cell, function, &pins),
            None => Ok(0),
        };
        let register = Register {
            cell,
            data: self.table(cell, &state.data, &pins)?,
            clear: asynchronous(&state.clear)?,
            preset: asynchronous(&state.preset)?,
            cleared_and_preset: state.cleared_and_preset,
            inputs: 0,
            value,
            outputs,
        };
        self.number(cell, self.registers.len())?;
        self.registers.push(register);
        Ok(())
    }

    /// The pins that decide what a register stores, but for the clock.
    fn register_pins(&self, cell: usize) -> Vec<usize> {
        let kind = &self.library.cells[self.netlist.cells[cell].cell];
        let state = kind.state.as_ref().expect("a register stores");
        let functions = [Some(&state.data), state.clear.as_ref(), state.preset.as_ref()];
        let mut pins: Vec<_> =
            functions.into_iter().flatten().flat_map(Function::variables).collect();
        pins.sort_unstable();
        pins.dedup();
        pins
    }

    /// Registers see the nets whose values are known by now.
    fn connect_registers(&mut self) {
        for number in 0..self.registers.len() {
            let cell = self.registers[number].cell;
            for (i, pin) in self.register_pins(cell).into_iter().enumerate() {
                let (net, bit) = (self.net(cell, pin), 1 << i);
                if self.values[net.index()] {
                    self.registers[number].inputs |= bit;
                }
                let element = number as u32 | REGISTER;
                self.readers[net.index()].push(Reader { element, bit, delay: Both::default() });
            }
        }
    }

    /// The clock's nets; `numbers` are those of the registers by cell.
    fn clocks(
        &self,
        clock: &str,
        numbers: &BTreeMap<usize, usize>,
    ) -> Result<Vec<Clock>, SwitchingError> {
        let root = clock_port(self.netlist, clock)?;
        let mut readers = BTreeMap::<usize, Vec<usize>>::new();
        for (cell, pin, net) in self.netlist.connections(self.library, Direction::Input) {
            let kind = &self.library.cells[self.netlist.cells[cell].cell];
            if self.timing.clocks[net.index()] && (kind.state.is_none() || kind.is_clock(pin)) {
                readers.entry(net.index()).or_default().push(cell);
            }
        }
        let new = |net: Net, cell, above, enable| Clock {
            net: net.index(),
            cell,
            above,
            enable,
            registers: Vec::new(),
            running: true,
        };
        let mut clocks = vec![new(root, None, None, None)];
        let mut next = 0;
        while next < clocks.len() {
            for &cell in readers.get(&clocks[next].net).into_iter().flatten() {
                if let Some(&register) = numbers.get(&cell) {
                    clocks[next].registers.push(register);
                    continue;
                }
                let instance = &self.netlist.cells[cell];
                let kind = &self.library.cells[instance.cell];
                let enable = match &kind.state {
                    Some(latch) => {
                        let pins = latch.data.variables();
                        let table = self.table(cell, &latch.data, &pins)?;
                        Some((pins.into_iter().map(|pin| self.net(cell, pin)).collect(), table))
                    }
                    None => None,
                };
                for net in kind.outputs().into_iter().filter_map(|pin| instance.nets[pin]) {
                    clocks.push(new(net, Some(cell), Some(next), enable.clone()));
                }
            }
            next += 1;
        }
        Ok(clocks)
    }
}

/// Events by time: a ring of slots, one a tick, that is longer than the longest delay.
struct Wheel {
    /// In ticks; never 0, which stands for no time.
    now: u64,
    slots: Vec<Vec<u32>>,
    /// A bit per slot: it holds something.
    filled: Vec<u64>,
    waiting: usize,
    /// What the slot of `now` held, the last one first.
    due: Vec<u32>,
}

impl Wheel {
    fn new(longest: u32) -> Self {
        let slots = (longest as usize + 2).next_power_of_two().max(64);
        Self {
            now: 1,
            slots: vec![Vec::new(); slots],
            filled: vec![0; slots / 64],
            waiting: 0,
            due: Vec::new(),
        }
    }

    fn put(&mut self, time: u64, event: u32) {
        let slot = time as usize & (self.slots.len() - 1);
        self.slots[slot].push(event);
        self.filled[slot / 64] |= 1 << (slot % 64);
        self.waiting += 1;
    }

    /// The next event, to whose time it moves on.
    fn next(&mut self) -> Option<u32> {
        while self.due.is_empty() {
            if self.waiting == 0 {
                return None;
            }
            let start = (self.now as usize + 1) & (self.slots.len() - 1);
            let words = self.filled.len();
            let (mut word, mut bits) =
                (start / 64, self.filled[start / 64] & (u64::MAX << (start % 64)));
            while bits == 0 {
                word = (word + 1) % words;
                bits = self.filled[word];
            }
            let slot = word * 64 + bits.trailing_zeros() as usize;
            self.now += 1 + (slot.wrapping_sub(start) & (self.slots.len() - 1)) as u64;
            self.filled[slot / 64] &= !(1 << (slot % 64));
            std::mem::swap(&mut self.due, &mut self.slots[slot]);
            self.due.reverse();
            self.waiting -= self.due.len();
        }
        self.due.pop()
    }
}
