// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the changes of nets cost, and what the cells leak.
//!
//! A change of a net costs what the library's table says for the output that drives it, at the slew
//! and load that timing gives, and half of C·V² of its load; both are the driver's. A change of an
//! input may cost its cell something, too. Where the library tells conditions apart, the mean counts;
//! of a clock edge at a register or a clock gate, the mean of those conditions under which it changes,
//! or of those under which it does not. Leakage is the mean over the states of a cell.

use crate::liberty::{Both, Cell, Direction, Edge, Function, Library, Power, Storage};
use crate::netlist::Netlist;
use crate::switching::Clocked;
use crate::timing::Timing;

/// Something for each class of cells.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ByClass {
    /// The nets of the clock, and the cells that drive them.
    pub clock: f64,
    /// Registers, with what the clock edge costs inside them, and the nets that they drive.
    pub registers: f64,
    /// All other cells and the nets that they drive; and the inputs of the design.
    pub combinational: f64,
}

impl ByClass {
    pub fn total(&self) -> f64 {
        self.clock + self.registers + self.combinational
    }

    fn of_mut(&mut self, class: Class) -> &mut f64 {
        match class {
            Class::Clock => &mut self.clock,
            Class::Register => &mut self.registers,
            Class::Combinational => &mut self.combinational,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Class {
    Clock,
    Register,
    Combinational,
}

/// What a change of a net costs in a scope.
#[derive(Debug)]
struct Share {
    net: usize,
    scope: usize,
    class: Class,
    fj: Both<f64>,
}

/// What a clock edge costs in a cell, with the falling one behind it.
#[derive(Debug)]
struct Clocking {
    cell: usize,
    scope: usize,
    class: Class,
    changes_fj: f64,
    rests_fj: f64,
}

/// The prices of a netlist.
#[derive(Debug)]
pub struct Prices {
    shares: Vec<Share>,
    clockings: Vec<Clocking>,
    /// By scope, in nW.
    leakage_nw: Vec<ByClass>,
}

impl Prices {
    pub fn new(netlist: &Netlist, library: &Library, timing: &Timing) -> Self {
        let mut prices = Self {
            shares: Vec::new(),
            clockings: Vec::new(),
            leakage_nw: vec![ByClass::default(); netlist.scopes.len()],
        };
        let charge = |net: usize| {
            let load = timing.loads_ff[net];
            let half = |ff: f64| ff * library.voltage_v * library.voltage_v / 2.0;
            Both { rise: half(load.rise), fall: half(load.fall) }
        };
        let slew = |cell: usize, pin: usize| {
            let slew = netlist.cells[cell].nets[pin].map(|net| timing.slews_ps[net.index()]);
            slew.map_or(0.0, |slew| (slew.rise + slew.fall) / 2.0)
        };
        for (cell, instance) in netlist.cells.iter().enumerate() {
            let kind = &library.cells[instance.cell];
            let clock = instance.nets.iter().zip(&kind.pins).any(|(net, pin)| {
                pin.direction == Direction::Output
                    && net.is_some_and(|net| timing.clocks[net.index()])
            });
            let class = match (clock, &kind.state) {
                (true, _) => Class::Clock,
                (_, Some(_)) => Class::Register,
                _ => Class::Combinational,
            };
            let scope = instance.scope;
            *prices.leakage_nw[scope].of_mut(class) += kind.leakage_nw;
            for (number, pin) in kind.pins.iter().enumerate() {
                let Some(net) = instance.nets[number] else { continue };
                if kind.is_clock(number) {
                    let fj = |changes| clock_edges_fj(kind, number, slew(cell, number), changes);
                    let (changes_fj, rests_fj) = (fj(true), fj(false));
                    prices.clockings.push(Clocking { cell, scope, class, changes_fj, rests_fj });
                    continue;
                }
                let load = timing.loads_ff[net.index()];
                let inside = |edge| {
                    let load = if pin.direction == Direction::Output { load.of(edge) } else { 0.0 };
                    let own = [number];
                    mean(pin.powers.iter().flat_map(|power| {
                        let from = if power.from.is_empty() { &own[..] } else { &power.from };
                        from.iter().filter_map(move |&from| at(power, edge, slew(cell, from), load))
                    }))
                };
                let mut fj = Both { rise: inside(Edge::Rise), fall: inside(Edge::Fall) };
                if pin.direction == Direction::Output {
                    let charge = charge(net.index());
                    fj = Both { rise: fj.rise + charge.rise, fall: fj.fall + charge.fall };
                }
                if fj != Both::default() {
                    prices.shares.push(Share { net: net.index(), scope, class, fj });
                }
            }
        }
        for port in netlist.ports.iter().filter(|port| port.direction == Direction::Input) {
            for net in port.nets.iter().map(|net| net.index()) {
                let class = if timing.clocks[net] { Class::Clock } else { Class::Combinational };
                prices.shares.push(Share { net, scope: 0, class, fj: charge(net) });
            }
        }
        prices
    }

    /// By scope, the energy in fJ of changes of nets (by net) and of clock edges (by cell).
    pub fn energy_fj(&self, changes: &[Both<u64>], clocked: &[Clocked]) -> Vec<ByClass> {
        let mut energies = vec![ByClass::default(); self.leakage_nw.len()];
        for Share { net, scope, class, fj } in &self.shares {
            let Both { rise, fall } = changes[*net];
            *energies[*scope].of_mut(*class) += rise as f64 * fj.rise + fall as f64 * fj.fall;
        }
        for Clocking { cell, scope, class, changes_fj, rests_fj } in &self.clockings {
            let Clocked { edges, changes } = clocked[*cell];
            *energies[*scope].of_mut(*class) +=
                changes as f64 * changes_fj + (edges - changes) as f64 * rests_fj;
        }
        energies
    }

    /// By scope, what its own cells leak, in nW.
    pub fn leakage_nw(&self) -> &[ByClass] {
        &self.leakage_nw
    }
}

/// The energy of one edge by a table; nothing if the group has no table for the edge.
fn at(power: &Power, edge: Edge, slew: f64, load: f64) -> Option<f64> {
    let table = match edge {
        Edge::Rise => &power.rise,
        Edge::Fall => &power.fall,
    };
    table.as_ref().map(|table| table.at(slew, load))
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / f64::from(count) }
}

/// The energy in fJ of a falling and a rising edge at the clock pin of a register that changes at the
/// rising one (or not), or of a clock gate that lets it through (or not): the mean over the values of
/// the other inputs and of the state under which that happens. The data is there before both.
pub fn clock_edges_fj(cell: &Cell, clock: usize, slew_ps: f64, changes: bool) -> f64 {
    let Some(state) = &cell.state else { return 0.0 };
    let inputs: Vec<_> = cell.inputs().into_iter().filter(|&pin| pin != clock).collect();
    // Bit i is input i, the one behind the last the state.
    mean((0..1_u64 << (inputs.len() + 1)).filter_map(|bits| {
        let bit = |i: usize| bits >> i & 1 != 0;
        let stored = bit(inputs.len());
        let holds = |function: &Function, clock_value: bool| {
            let input = |variable: usize| match inputs.iter().position(|&it| it == variable) {
                Some(i) => bit(i),
                None if variable >= cell.pins.len() => stored == (variable == cell.pins.len()),
                None => clock_value,
            };
            function.holds(&|variable| match cell
                .pins
                .get(variable)
                .and_then(|pin| pin.function.as_ref())
            {
                Some(output) => output.holds(&input),
                None => input(variable),
            })
        };
        let forced = [&state.clear, &state.preset].into_iter().flatten();
        if forced.into_iter().any(|function| holds(function, false)) {
            return None;
        }
        let data = holds(&state.data, false);
        let (possible, does) = match state.kind {
            Storage::FlipFlop => (true, data != stored),
            // While the clock is low the latch follows its data.
            Storage::Latch => (data == stored, data),
        };
        if !possible || does != changes {
            return None;
        }
        let cost = |edge: Edge, clock_value: bool| {
            let powers = &cell.pins[clock].powers;
            let named =
                |power: &&Power| power.when.as_ref().is_some_and(|when| holds(when, clock_value));
            let conditional = powers.iter().any(|power| named(&power));
            let counts = |power: &&Power| {
                if conditional { named(power) } else { power.when.is_none() }
            };
            mean(powers.iter().filter(counts).filter_map(|power| at(power, edge, slew_ps, 0.0)))
        };
        Some(cost(Edge::Fall, true) + cost(Edge::Rise, false))
    }))
}
