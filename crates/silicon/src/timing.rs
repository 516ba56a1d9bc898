// SPDX-License-Identifier: MIT OR Apache-2.0
//! Static timing: how long the slowest path of each kind takes, and what slew and load each net has.
//!
//! Delays come from the library's tables; a net has the capacitance of its pins and of the library's
//! default wire load. The clock is ideal: it reaches every register at once, with a slew of zero,
//! through buffers and clock gates. All registers take their data at the rising edge.

use std::fmt;

use crate::liberty::{
    ArcKind, Both, Cell, Delay, Direction, Edge, Function, Library, Sense, Storage,
};
use crate::netlist::{Net, Netlist};

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TimingError {
    #[error("the design has no input {0:?} of one bit for its clock; its inputs are {1}")]
    NoClock(String, String),
    #[error(
        "{0} is a latch or takes data at the falling edge of the clock; timing knows rising edges alone"
    )]
    Storage(String),
    #[error("the clock of {0} does not come from the clock input alone")]
    DataClock(String),
    #[error("{0} is in the clock, and is neither a buffer nor a gate for a rising clock")]
    ClockCell(String),
    #[error("{0} is in a combinational loop")]
    Loop(String),
}

/// What the world around the design does.
#[derive(Debug, Clone)]
pub struct Constraints {
    /// The input that is the clock.
    pub clock: String,
    pub period_ps: f64,
    /// When inputs change, after the clock edge.
    pub input_delay_ps: f64,
    /// How long before the clock edge outputs are wanted.
    pub output_delay_ps: f64,
}

impl Constraints {
    /// A world that takes no time: inputs change at the clock edge, outputs have the whole period.
    pub fn ideal(clock: &str, period_ps: f64) -> Self {
        Self { clock: clock.to_owned(), period_ps, input_delay_ps: 0.0, output_delay_ps: 0.0 }
    }
}

/// Where a path begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    RegisterToRegister,
    InputToRegister,
    RegisterToOutput,
    InputToOutput,
}

impl Group {
    pub const ALL: [Self; 4] = [
        Self::RegisterToRegister,
        Self::InputToRegister,
        Self::RegisterToOutput,
        Self::InputToOutput,
    ];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::RegisterToRegister => "reg2reg",
            Self::InputToRegister => "in2reg",
            Self::RegisterToOutput => "reg2out",
            Self::InputToOutput => "in2out",
        })
    }
}

/// The slowest path of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    pub group: Group,
    /// An input, or the net that a register drives.
    pub start: String,
    /// An output, or the net that a register drives.
    pub end: String,
    /// When the data arrives, after the clock edge.
    pub arrival_ps: f64,
    /// How long before the next clock edge it is wanted.
    pub setup_ps: f64,
    pub slack_ps: f64,
    /// From the start to the end.
    pub steps: Vec<Step>,
}

impl Path {
    /// The shortest period at which this path has no negative slack.
    pub fn needs_ps(&self) -> f64 {
        self.arrival_ps + self.setup_ps
    }
}

/// A net on a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub net: String,
    /// The cell that drives it, and its kind; nothing for an input of the design.
    pub cell: Option<(String, String)>,
    pub edge: Edge,
    pub arrival_ps: f64,
    pub slew_ps: f64,
    pub load_ff: f64,
}

/// The last change of a net, counting from a register or from an input.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Arrival {
    ps: f64,
    /// The pin, as (cell, pin, edge), from which it comes; nothing at the start of a path.
    from: Option<(usize, usize, Edge)>,
}

/// What timing says about a netlist.
#[derive(Debug, Clone)]
pub struct Timing {
    /// By net, the capacitance that its driver sees.
    pub loads_ff: Vec<Both<f64>>,
    /// By net, the slowest slew.
    pub slews_ps: Vec<Both<f64>>,
    /// By net, whether it is the clock, perhaps gated.
    pub clocks: Vec<bool>,
    /// The slowest path of each group that has one, in the order of [`Group`].
    pub paths: Vec<Path>,
    /// The cells that store nothing and are no part of the clock, each behind all that drive it.
    pub order: Vec<usize>,
}

impl Timing {
    /// The path that needs the longest period.
    pub fn critical(&self) -> Option<&Path> {
        self.paths.iter().min_by(|a, b| a.slack_ps.total_cmp(&b.slack_ps))
    }

    /// The mean delay from one pin of a cell to another, over the conditions that the library tells
    /// apart, to a rising and to a falling output; nothing where there is no such arc.
    pub fn delay_ps(
        &self,
        netlist: &Netlist,
        library: &Library,
        cell: usize,
        from: usize,
        to: usize,
    ) -> Both<Option<f64>> {
        let instance = &netlist.cells[cell];
        let load = instance.nets[to].map_or_else(Both::default, |net| self.loads_ff[net.index()]);
        let slews =
            instance.nets[from].map_or_else(Both::default, |net| self.slews_ps[net.index()]);
        let mut sums = Both { rise: (0.0, 0), fall: (0.0, 0) };
        let arcs = library.cells[instance.cell].pins[to].arcs.iter().filter(|arc| arc.from == from);
        for arc in arcs {
            for (cause, effect) in edges(arc.kind, arc.sense) {
                let delay = match effect {
                    Edge::Rise => &arc.rise,
                    Edge::Fall => &arc.fall,
                };
                if let Some(Delay { delay, .. }) = delay {
                    let sum: &mut (f64, u32) = sums.of_mut(effect);
                    *sum = (sum.0 + delay.at(slews.of(cause), load.of(effect)), sum.1 + 1);
                }
            }
        }
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        Both { rise: mean(sums.rise), fall: mean(sums.fall) }
    }
}

/// Which edge of an input makes which edge of the output.
fn edges(kind: ArcKind, sense: Option<Sense>) -> Vec<(Edge, Edge)> {
    let follows = [(Edge::Rise, Edge::Rise), (Edge::Fall, Edge::Fall)];
    let inverts = [(Edge::Fall, Edge::Rise), (Edge::Rise, Edge::Fall)];
    match (kind, sense) {
        (ArcKind::Launch(edge), _) => vec![(edge, Edge::Rise), (edge, Edge::Fall)],
        (_, Some(Sense::Positive)) => follows.to_vec(),
        (_, Some(Sense::Negative)) => inverts.to_vec(),
        (_, None) => [follows, inverts].concat(),
    }
}

/// By net, the capacitance that its driver sees.
pub fn loads_ff(netlist: &Netlist, library: &Library) -> Vec<Both<f64>> {
    let mut loads = vec![(Both::<f64>::default(), 0_usize); netlist.net_names.len()];
    for (cell, pin, net) in netlist.connections(library, Direction::Input) {
        let pin = library.cells[netlist.cells[cell].cell].pins[pin].capacitance_ff;
        let (load, pins) = &mut loads[net.index()];
        load.rise += pin.rise;
        load.fall += pin.fall;
        *pins += 1;
    }
    for port in netlist.ports.iter().filter(|port| port.direction == Direction::Output) {
        for net in &port.nets {
            loads[net.index()].1 += 1;
        }
    }
    let wire = |pins| library.wire_load.as_ref().map_or(0.0, |wire| wire.capacitance_ff(pins));
    let loads = loads.into_iter().map(|(load, pins)| match pins {
        0 => load,
        pins => Both { rise: load.rise + wire(pins), fall: load.fall + wire(pins) },
    });
    loads.collect()
}

/// Calculates the timing of a netlist.
pub fn analyse(
    netlist: &Netlist,
    library: &Library,
    constraints: &Constraints,
) -> Result<Timing, TimingError> {
    let clock = clock_port(netlist, &constraints.clock)?;
    let kind = |cell: usize| &library.cells[netlist.cells[cell].cell];
    let mut readers = vec![Vec::new(); netlist.net_names.len()];
    for (cell, pin, net) in netlist.connections(library, Direction::Input) {
        readers[net.index()].push((cell, pin));
    }
    let clocks = clock_nets(netlist, library, clock, &readers)?;

    // Behind all that drives it: a cell is ready when each of its inputs is.
    let is_clock = |net: Option<Net>| net.is_some_and(|net| clocks[net.index()]);
    let combinational = |cell: usize| {
        let outputs = kind(cell).outputs();
        kind(cell).state.is_none()
            && !outputs.iter().any(|&pin| is_clock(netlist.cells[cell].nets[pin]))
    };
    let drivers = netlist.drivers(library);
    let mut waits = vec![0_usize; netlist.cells.len()];
    for (cell, _, net) in netlist.connections(library, Direction::Input) {
        let waited = drivers[net.index()].is_some_and(|(driver, _)| combinational(driver));
        waits[cell] += usize::from(waited);
    }
    let all = (0..netlist.cells.len()).filter(|&cell| combinational(cell));
    let mut order: Vec<usize> = all.clone().filter(|&cell| waits[cell] == 0).collect();
    let mut next = 0;
    while let Some(&cell) = order.get(next) {
        next += 1;
        for pin in kind(cell).outputs() {
            let Some(net) = netlist.cells[cell].nets[pin] else { continue };
            for &(reader, _) in &readers[net.index()] {
                waits[reader] -= 1;
                if waits[reader] == 0 && combinational(reader) {
                    order.push(reader);
                }
            }
        }
    }
    if let Some(cell) = all.clone().find(|&cell| waits[cell] > 0) {
        return Err(TimingError::Loop(netlist.cell_path(cell)));
    }

    let mut analysis = Analysis {
        netlist,
        library,
        constraints,
        arrivals: [0, 1].map(|_| vec![Both::default(); netlist.net_names.len()]),
        timing: Timing {
            loads_ff: loads_ff(netlist, library),
            slews_ps: vec![Both::default(); netlist.net_names.len()],
            clocks,
            paths: Vec::new(),
            order,
        },
    };
    analysis.start();
    for i in 0..analysis.timing.order.len() {
        analysis.through(analysis.timing.order[i]);
    }
    analysis.end();
    Ok(analysis.timing)
}

/// The net of the clock input.
pub fn clock_port(netlist: &Netlist, clock: &str) -> Result<Net, TimingError> {
    let inputs = || netlist.ports.iter().filter(|port| port.direction == Direction::Input);
    match inputs().find(|port| port.name == clock).map(|port| &port.nets[..]) {
        Some(&[net]) => Ok(net),
        _ => {
            let names: Vec<_> = inputs().map(|port| port.name.as_str()).collect();
            Err(TimingError::NoClock(clock.to_owned(), names.join(", ")))
        }
    }
}

/// By net, whether it is the clock. Every register has its clock from it.
fn clock_nets(
    netlist: &Netlist,
    library: &Library,
    clock: Net,
    readers: &[Vec<(usize, usize)>],
) -> Result<Vec<bool>, TimingError> {
    /// The values for 0 and 1 of the one variable.
    fn table(function: &Function) -> Option<u64> {
        let variables = function.variables();
        function.truth_table(&variables).filter(|_| variables.len() == 1).map(|table| table & 3)
    }
    let mut clocks = vec![false; netlist.net_names.len()];
    clocks[clock.index()] = true;
    let mut open = vec![clock];
    while let Some(net) = open.pop() {
        for &(cell, _) in &readers[net.index()] {
            let instance = &netlist.cells[cell];
            let kind = &library.cells[instance.cell];
            let passes = match &kind.state {
                Some(latch) if kind.clock_gate => table(&latch.control) == Some(0b01),
                Some(_) => continue,
                None => {
                    let functions = kind.pins.iter().filter_map(|pin| pin.function.as_ref());
                    functions.map(table).all(|table| table == Some(0b10))
                }
            };
            if !passes {
                return Err(TimingError::ClockCell(netlist.cell_path(cell)));
            }
            for net in kind.outputs().into_iter().filter_map(|pin| instance.nets[pin]) {
                if !std::mem::replace(&mut clocks[net.index()], true) {
                    open.push(net);
                }
            }
        }
    }
    for (cell, instance) in netlist.cells.iter().enumerate() {
        let kind = &library.cells[instance.cell];
        let Some(state) = &kind.state else { continue };
        let rising = state.kind == Storage::FlipFlop && table(&state.control) == Some(0b10);
        if !kind.clock_gate && !rising {
            return Err(TimingError::Storage(netlist.cell_path(cell)));
        }
        let pins = state.control.variables();
        if !pins.iter().all(|&pin| instance.nets[pin].is_some_and(|net| clocks[net.index()])) {
            return Err(TimingError::DataClock(netlist.cell_path(cell)));
        }
    }
    Ok(clocks)
}

/// Where a path may end.
struct End {
    name: String,
    start: usize,
    net: Net,
    edge: Edge,
    setup_ps: f64,
    slack_ps: f64,
}

/// From registers, and from inputs.
const STARTS: [usize; 2] = [0, 1];

struct Analysis<'a> {
    netlist: &'a Netlist,
    library: &'a Library,
    constraints: &'a Constraints,
    /// By start and net.
    arrivals: [Vec<Both<Option<Arrival>>>; 2],
    timing: Timing,
}

impl Analysis<'_> {
    fn kind(&self, cell: usize) -> &Cell {
        &self.library.cells[self.netlist.cells[cell].cell]
    }

    /// Keeps what is later.
    fn arrive(&mut self, start: usize, net: Net, edge: Edge, arrival: Arrival) {
        let last = self.arrivals[start][net.index()].of_mut(edge);
        if last.is_none_or(|last| last.ps < arrival.ps) {
            *last = Some(arrival);
        }
    }

    fn slow(&mut self, net: Net, edge: Edge, slew: f64) {
        let slowest = self.timing.slews_ps[net.index()].of_mut(edge);
        *slowest = slowest.max(slew);
    }

    /// Inputs change, and registers that the clock has reached.
    fn start(&mut self) {
        let netlist = self.netlist;
        for port in netlist.ports.iter().filter(|port| port.direction == Direction::Input) {
            for &net in
                port.nets.iter().filter(|net| !self.timing.clocks[net.index()]).collect::<Vec<_>>()
            {
                for edge in [Edge::Rise, Edge::Fall] {
                    let arrival = Arrival { ps: self.constraints.input_delay_ps, from: None };
                    self.arrive(1, net, edge, arrival);
                }
            }
        }
        for cell in 0..netlist.cells.len() {
            if self.kind(cell).state.is_some() && !self.kind(cell).clock_gate {
                self.outputs(cell, |kind| matches!(kind, ArcKind::Launch(_)));
            }
        }
    }

    fn through(&mut self, cell: usize) {
        self.outputs(cell, |kind| kind == ArcKind::Combinational);
    }

    /// Arrivals and slews at the outputs of a cell, by its arcs of some kinds.
    fn outputs(&mut self, cell: usize, wanted: impl Fn(ArcKind) -> bool) {
        let (netlist, library) = (self.netlist, self.library);
        let instance = &netlist.cells[cell];
        for (to, pin) in library.cells[instance.cell].pins.iter().enumerate() {
            let Some(net) = instance.nets[to].filter(|_| pin.direction == Direction::Output) else {
                continue;
            };
            let load = self.timing.loads_ff[net.index()];
            for arc in pin.arcs.iter().filter(|arc| wanted(arc.kind)) {
                let Some(from) = instance.nets[arc.from] else { continue };
                for (cause, effect) in edges(arc.kind, arc.sense) {
                    let tables = match effect {
                        Edge::Rise => &arc.rise,
                        Edge::Fall => &arc.fall,
                    };
                    let Some(tables) = tables else { continue };
                    let slew = self.timing.slews_ps[from.index()].of(cause);
                    let load = load.of(effect);
                    let delay = tables.delay.at(slew, load);
                    let mut arrives = false;
                    if let ArcKind::Launch(_) = arc.kind {
                        self.arrive(0, net, effect, Arrival { ps: delay, from: None });
                        arrives = true;
                    } else {
                        for start in STARTS {
                            if let Some(at) = self.arrivals[start][from.index()].of(cause) {
                                let from = Some((cell, arc.from, cause));
                                self.arrive(
                                    start,
                                    net,
                                    effect,
                                    Arrival { ps: at.ps + delay, from },
                                );
                                arrives = true;
                            }
                        }
                    }
                    if arrives {
                        self.slow(net, effect, tables.slew.at(slew, load));
                    }
                }
            }
        }
    }

    /// The slowest path of each group.
    fn end(&mut self) {
        let mut worst: [Option<End>; 4] = Default::default();
        let mut candidate =
            |groups: [Group; 2], net: Net, edge, setup_ps, name: &dyn Fn() -> String| {
                for start in STARTS {
                    let Some(arrival) = self.arrivals[start][net.index()].of(edge) else {
                        continue;
                    };
                    let slack_ps = self.constraints.period_ps - setup_ps - arrival.ps;
                    let slot = &mut worst[groups[start] as usize];
                    if slot.as_ref().is_none_or(|it| slack_ps < it.slack_ps) {
                        *slot = Some(End { name: name(), start, net, edge, setup_ps, slack_ps });
                    }
                }
            };
        let (netlist, library) = (self.netlist, self.library);
        let to_register = [Group::RegisterToRegister, Group::InputToRegister];
        let to_output = [Group::RegisterToOutput, Group::InputToOutput];
        for (cell, pin, net) in netlist.connections(library, Direction::Input) {
            for setup in &self.kind(cell).pins[pin].setups {
                for (edge, table) in [(Edge::Rise, &setup.rise), (Edge::Fall, &setup.fall)] {
                    let Some(table) = table else { continue };
                    let wanted = table.at(self.timing.slews_ps[net.index()].of(edge), 0.0);
                    candidate(to_register, net, edge, wanted, &|| self.register(cell));
                }
            }
        }
        for port in netlist.ports.iter().filter(|port| port.direction == Direction::Output) {
            for (i, &net) in port.nets.iter().enumerate() {
                let name = || match port.nets.len() {
                    1 => port.name.clone(),
                    _ => format!("{}[{i}]", port.name),
                };
                for edge in [Edge::Rise, Edge::Fall] {
                    candidate(to_output, net, edge, self.constraints.output_delay_ps, &name);
                }
            }
        }
        let paths = Group::ALL.into_iter().zip(worst).filter_map(|(group, end)| {
            let End { name, start, net, edge, setup_ps, slack_ps } = end?;
            let steps = self.steps(start, net, edge);
            Some(Path {
                group,
                start: steps.first()?.net.clone(),
                end: name,
                arrival_ps: steps.last()?.arrival_ps,
                setup_ps,
                slack_ps,
                steps,
            })
        });
        self.timing.paths = paths.collect();
    }

    /// A register is known by what it drives.
    fn register(&self, cell: usize) -> String {
        let driven = self
            .kind(cell)
            .outputs()
            .into_iter()
            .find_map(|pin| self.netlist.cells[cell].nets[pin]);
        driven.map_or_else(
            || self.netlist.cell_path(cell),
            |net| self.netlist.net_names[net.index()].clone(),
        )
    }

    /// The way back from a net to where its last change began.
    fn steps(&self, start: usize, net: Net, edge: Edge) -> Vec<Step> {
        let drivers = self.netlist.drivers(self.library);
        let mut steps = Vec::new();
        let (mut net, mut edge) = (net, edge);
        loop {
            let arrival =
                self.arrivals[start][net.index()].of(edge).expect("the path ends in an arrival");
            let cell = drivers[net.index()]
                .map(|(cell, _)| (self.netlist.cell_path(cell), self.kind(cell).name.clone()));
            steps.push(Step {
                net: self.netlist.net_names[net.index()].clone(),
                cell,
                edge,
                arrival_ps: arrival.ps,
                slew_ps: self.timing.slews_ps[net.index()].of(edge),
                load_ff: self.timing.loads_ff[net.index()].of(edge),
            });
            let Some((cell, pin, cause)) = arrival.from else { break };
            net = self.netlist.cells[cell].nets[pin].expect("an arrival came through the pin");
            edge = cause;
        }
        steps.reverse();
        steps
    }
}
