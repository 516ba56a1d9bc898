// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mapped netlists, as Yosys writes them with `write_json`, elaborated to one flat list of cells in
//! which each cell knows the instance that it is in.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::iter;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use crate::liberty::{Direction, Library};

/// No netlist of a unit is as large.
const LARGEST: u64 = 4 << 30;

/// Instances of modules: no design has as many, nor is one as deep.
const MOST_SCOPES: usize = 1 << 20;
const DEEPEST: usize = 100;

#[derive(Debug, thiserror::Error)]
pub enum NetlistError {
    #[error("cannot read the netlist {path}: {source}", path = path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{path}:{line}: {source}; a netlist is what Yosys writes with write_json", path = path.display(), line = source.line())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{path}: {problem}", path = path.display())]
    Wrong { path: PathBuf, problem: String },
}

/// The number of a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Net(pub u32);

impl Net {
    /// The net that is always 0. What synthesis left undefined is connected to it, too.
    pub const ZERO: Self = Self(0);
    /// The net that is always 1.
    pub const ONE: Self = Self(1);

    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether it never changes.
    pub fn is_constant(self) -> bool {
        self.0 < 2
    }
}

/// A netlist against a library.
#[derive(Debug, Clone)]
pub struct Netlist {
    /// The module at the top.
    pub top: String,
    pub ports: Vec<Port>,
    pub cells: Vec<Instance>,
    /// The top, then each instance of a module below it, an instance before what is in it.
    pub scopes: Vec<Scope>,
    /// By net, a name with its path; the two constants come first.
    pub net_names: Vec<String>,
}

/// A port of the top module.
#[derive(Debug, Clone)]
pub struct Port {
    pub name: String,
    /// Seen from the design: an input is driven from outside.
    pub direction: Direction,
    /// The lowest bit first.
    pub nets: Vec<Net>,
}

/// A cell of the library in the design.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Within its scope.
    pub name: String,
    /// Its number in the library.
    pub cell: usize,
    /// The number of the scope that it is in.
    pub scope: usize,
    /// By pin of the cell; nothing where an output is left open.
    pub nets: Vec<Option<Net>>,
}

/// An instance of a module.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Names of instances from the top, with dots between; empty for the top itself.
    pub path: String,
    /// As in the RTL: what a synthesiser puts behind a `$` to tell variants apart is left out.
    pub module: String,
    pub parent: Option<usize>,
}

/// The area of a scope.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Area {
    pub cells: usize,
    pub sequential_um2: f64,
    pub combinational_um2: f64,
}

impl Area {
    pub fn total_um2(&self) -> f64 {
        self.sequential_um2 + self.combinational_um2
    }

    fn add(&mut self, other: &Self) {
        self.cells += other.cells;
        self.sequential_um2 += other.sequential_um2;
        self.combinational_um2 += other.combinational_um2;
    }
}

impl Netlist {
    /// Reads a netlist. The top is the module of that name, else the one that Yosys has marked.
    pub fn read(path: &Path, top: Option<&str>, library: &Library) -> Result<Self, NetlistError> {
        let text = model::files::read(path, LARGEST)
            .map_err(|source| NetlistError::Io { path: path.into(), source })?;
        Self::parse(&text, path, top, library)
    }

    /// A netlist from JSON; `path` is what errors name.
    pub fn parse(
        json: &[u8],
        path: &Path,
        top: Option<&str>,
        library: &Library,
    ) -> Result<Self, NetlistError> {
        let design: Design = serde_json::from_slice(json)
            .map_err(|source| NetlistError::Json { path: path.into(), source })?;
        elaborate(&design, top, library)
            .map_err(|problem| NetlistError::Wrong { path: path.into(), problem })
    }

    /// The port of a name.
    pub fn port(&self, name: &str) -> Option<&Port> {
        self.ports.iter().find(|port| port.name == name)
    }

    /// A cell's name with its path.
    pub fn cell_path(&self, cell: usize) -> String {
        let cell = &self.cells[cell];
        joined(&self.scopes[cell.scope].path, &cell.name)
    }

    /// By scope, the area of its own cells.
    pub fn own_areas(&self, library: &Library) -> Vec<Area> {
        let mut areas = vec![Area::default(); self.scopes.len()];
        for instance in &self.cells {
            let cell = &library.cells[instance.cell];
            let sequential = if cell.state.is_some() { cell.area_um2 } else { 0.0 };
            areas[instance.scope].add(&Area {
                cells: 1,
                sequential_um2: sequential,
                combinational_um2: cell.area_um2 - sequential,
            });
        }
        areas
    }

    /// By scope, the area of its cells and of all that are in it.
    pub fn areas(&self, library: &Library) -> Vec<Area> {
        let mut areas = self.own_areas(library);
        for i in (1..areas.len()).rev() {
            let area = areas[i];
            areas[self.scopes[i].parent.expect("only the top has none")].add(&area);
        }
        areas
    }

    /// By net, the cell and the pin that drive it; nothing for constants and inputs of the design.
    pub fn drivers(&self, library: &Library) -> Vec<Option<(usize, usize)>> {
        let mut drivers = vec![None; self.net_names.len()];
        for (cell, pin, net) in self.connections(library, Direction::Output) {
            drivers[net.index()] = Some((cell, pin));
        }
        drivers
    }

    /// Each connected pin of a direction: cell, pin, net.
    pub fn connections<'n>(
        &'n self,
        library: &'n Library,
        direction: Direction,
    ) -> impl Iterator<Item = (usize, usize, Net)> + 'n {
        self.cells.iter().enumerate().flat_map(move |(cell, instance)| {
            let pins = &library.cells[instance.cell].pins;
            instance.nets.iter().zip(pins).enumerate().filter_map(move |(pin, (net, it))| {
                net.filter(|_| it.direction == direction).map(|net| (cell, pin, net))
            })
        })
    }
}

/// A table in which no name is twice.
fn once<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Once<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Once<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((name, value)) = entries.next_entry::<String, V>()? {
                if map.contains_key(&name) {
                    return Err(A::Error::custom(format!("{name:?} is there twice")));
                }
                map.insert(name, value);
            }
            Ok(map)
        }
    }

    deserializer.deserialize_map(Once(PhantomData))
}

#[derive(serde::Deserialize)]
struct Design {
    #[serde(deserialize_with = "once")]
    modules: BTreeMap<String, Module>,
}

#[derive(serde::Deserialize)]
struct Module {
    #[serde(default)]
    attributes: BTreeMap<String, serde_json::Value>,
    #[serde(deserialize_with = "once")]
    ports: BTreeMap<String, ModulePort>,
    #[serde(deserialize_with = "once")]
    cells: BTreeMap<String, ModuleCell>,
    #[serde(deserialize_with = "once")]
    netnames: BTreeMap<String, NetName>,
    #[serde(default)]
    memories: BTreeMap<String, serde_json::Value>,
}

#[derive(serde::Deserialize)]
struct ModulePort {
    direction: String,
    bits: Vec<Bit>,
}

#[derive(serde::Deserialize)]
struct ModuleCell {
    #[serde(rename = "type")]
    kind: String,
    #[serde(deserialize_with = "once")]
    connections: BTreeMap<String, Vec<Bit>>,
}

#[derive(serde::Deserialize)]
struct NetName {
    bits: Vec<Bit>,
    #[serde(default)]
    hide_name: u8,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Bit {
    Net(u64),
    Constant(String),
}

impl Bit {
    fn is_undefined(&self) -> bool {
        matches!(self, Self::Constant(it) if it == "x" || it == "z")
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The top module of a design.
fn top_of<'d>(design: &'d Design, top: Option<&str>) -> Result<&'d str, String> {
    let modules = || design.modules.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    match top {
        Some(top) => match design.modules.get_key_value(top) {
            Some((name, _)) => Ok(name),
            None => Err(format!("there is no module {top}; there are {}", modules())),
        },
        None => {
            let mut marked =
                design.modules.iter().filter(|(_, it)| it.attributes.contains_key("top"));
            match (marked.next(), marked.next()) {
                (Some((name, _)), None) => Ok(name),
                _ => Err(format!(
                    "not one module is marked as the top; run Yosys' hierarchy -top, or name one of {}",
                    modules()
                )),
            }
        }
    }
}

struct Elaboration<'d> {
    design: &'d Design,
    library: &'d Library,
    netlist: Netlist,
    /// By net, the net that it is joined to, if that is another one, which has a lower number.
    /// So the constants stay what they are, and a net has the name that it has furthest outside.
    joined: Vec<Net>,
}

fn elaborate(design: &Design, top: Option<&str>, library: &Library) -> Result<Netlist, String> {
    let top = top_of(design, top)?;
    let mut elaboration = Elaboration {
        design,
        library,
        netlist: Netlist {
            top: top.to_owned(),
            ports: Vec::new(),
            cells: Vec::new(),
            scopes: Vec::new(),
            net_names: vec!["0".into(), "1".into()],
        },
        joined: vec![Net::ZERO, Net::ONE],
    };
    elaboration.top(top)?;
    let netlist = elaboration.finish();
    check_drivers(&netlist, library)?;
    Ok(netlist)
}

/// Each net that is read has exactly one driver.
fn check_drivers(netlist: &Netlist, library: &Library) -> Result<(), String> {
    let ports = |direction| {
        let ports = netlist.ports.iter().filter(move |port| port.direction == direction);
        ports.flat_map(|port| port.nets.iter().map(|&net| (net, format!("the port {}", port.name))))
    };
    let pins = |direction| {
        let pins = netlist.connections(library, direction);
        pins.map(|(cell, _, net)| (net, netlist.cell_path(cell)))
    };
    let mut driven_by = vec![None; netlist.net_names.len()];
    driven_by[Net::ZERO.index()] = Some("the constant 0".to_owned());
    driven_by[Net::ONE.index()] = Some("the constant 1".to_owned());
    for (net, driver) in ports(Direction::Input).chain(pins(Direction::Output)) {
        let name = &netlist.net_names[net.index()];
        if let Some(other) = &driven_by[net.index()] {
            return Err(format!("{driver} and {other} drive {name}"));
        }
        driven_by[net.index()] = Some(driver);
    }
    for (net, reader) in pins(Direction::Input).chain(ports(Direction::Output)) {
        if driven_by[net.index()].is_none() {
            let name = &netlist.net_names[net.index()];
            return Err(format!("nothing drives {name}, which {reader} reads"));
        }
    }
    Ok(())
}

/// The nets of a module's numbers.
type Nets = HashMap<u64, Net>;

/// By number of a net in a module: whether its best name is one of Yosys' own, the name, the bit.
type Labels<'d> = HashMap<u64, (bool, &'d str, Option<usize>)>;

impl<'d> Elaboration<'d> {
    fn new_net(&mut self, name: String) -> Net {
        let number = self.netlist.net_names.len();
        let net = Net(u32::try_from(number).expect("a file within the limit has fewer nets"));
        self.netlist.net_names.push(name);
        self.joined.push(net);
        net
    }

    /// The net that stands for all that are joined with this one.
    fn root(&mut self, mut net: Net) -> Net {
        while self.joined[net.index()] != net {
            let above = self.joined[net.index()];
            self.joined[net.index()] = self.joined[above.index()];
            net = above;
        }
        net
    }

    fn join(&mut self, a: Net, b: Net) {
        let (a, b) = (self.root(a), self.root(b));
        self.joined[a.max(b).index()] = a.min(b);
    }

    fn top(&mut self, top: &'d str) -> Result<(), String> {
        let module = &self.design.modules[top];
        let mut nets = Nets::new();
        for (name, port) in &module.ports {
            let direction = port.direction(name, top)?;
            let mut made = Vec::new();
            for (i, bit) in port.bits.iter().enumerate() {
                let label =
                    if port.bits.len() == 1 { name.clone() } else { format!("{name}[{i}]") };
                made.push(self.bit(bit, &mut nets, || label)?);
            }
            self.netlist.ports.push(Port { name: name.clone(), direction, nets: made });
        }
        self.scope(top, String::new(), None, nets)
    }

    /// The net of a bit in a module; one that is new gets its name from `label`.
    fn bit(
        &mut self,
        bit: &Bit,
        nets: &mut Nets,
        label: impl FnOnce() -> String,
    ) -> Result<Net, String> {
        match bit {
            Bit::Constant(constant) => match constant.as_str() {
                "0" | "x" | "z" => Ok(Net::ZERO),
                "1" => Ok(Net::ONE),
                other => Err(format!("a bit is {other:?}; it is a number or one of 0, 1, x, z")),
            },
            Bit::Net(number) => {
                if let Some(net) = nets.get(number) {
                    return Ok(*net);
                }
                let net = self.new_net(label());
                nets.insert(*number, net);
                Ok(net)
            }
        }
    }

    /// `nets` are those of the module's ports.
    fn scope(
        &mut self,
        module_name: &'d str,
        path: String,
        parent: Option<usize>,
        mut nets: Nets,
    ) -> Result<(), String> {
        let module = &self.design.modules[module_name];
        if let Some(memory) = module.memories.keys().next() {
            return Err(format!(
                "module {module_name} has the memory {memory}; run Yosys' memory_map"
            ));
        }
        let scopes = &self.netlist.scopes;
        let mut above = iter::successors(parent, |&i| scopes[i].parent);
        if above.clone().any(|i| scopes[i].module == module_name) {
            return Err(format!("module {module_name} is in itself"));
        }
        if above.nth(DEEPEST).is_some() || scopes.len() == MOST_SCOPES {
            return Err(format!(
                "{path} is more than {DEEPEST} modules deep, or one of more than {MOST_SCOPES}"
            ));
        }
        let scope = scopes.len();
        self.netlist.scopes.push(Scope {
            path: path.clone(),
            module: module_name.to_owned(),
            parent,
        });
        let labels = module.labels();
        let label = |bit: &Bit| match bit {
            Bit::Constant(constant) => constant.clone(),
            Bit::Net(number) => match labels.get(number) {
                Some((_, name, Some(i))) => joined(&path, &format!("{name}[{i}]")),
                Some((_, name, None)) => joined(&path, name),
                None => joined(&path, &number.to_string()),
            },
        };
        let library = self.library;
        let mut inside = Vec::new();
        for (name, cell) in &module.cells {
            let place = || format!("the cell {name} of module {module_name}");
            // The cells of the library may be there as empty modules.
            let found = library.find(&cell.kind);
            let below = self.design.modules.get_key_value(&cell.kind);
            if let (None, Some((kind, below))) = (found, below) {
                let mut bound = Nets::new();
                for (port_name, port) in &below.ports {
                    let output = port.direction(port_name, kind)? == Direction::Output;
                    let bits = cell.connections.get(port_name).map_or(&[][..], Vec::as_slice);
                    if !bits.is_empty() && bits.len() != port.bits.len() {
                        let (given, width) = (bits.len(), port.bits.len());
                        return Err(format!(
                            "{} connects {given} bits to the {width} of port {port_name}",
                            place()
                        ));
                    }
                    for (bit, inner) in bits.iter().zip(&port.bits) {
                        if output && bit.is_undefined() {
                            continue;
                        }
                        let net = self.bit(bit, &mut nets, || label(bit))?;
                        let inner = self.bit(inner, &mut bound, || label(bit))?;
                        self.join(net, inner);
                    }
                }
                inside.push((kind.as_str(), joined(&path, name), bound));
                continue;
            }
            let number = found.ok_or_else(|| {
                format!(
                    "{} is a {}, which is neither a module nor a cell of {}; map the netlist to that library",
                    place(),
                    cell.kind,
                    library.name
                )
            })?;
            let kind = &library.cells[number];
            if let Some(reason) = &kind.unsupported {
                return Err(format!(
                    "{} is a {}, which cannot be used: {reason}",
                    place(),
                    kind.name
                ));
            }
            let mut connected = vec![None; kind.pins.len()];
            for (pin_name, bits) in &cell.connections {
                let bit = match &bits[..] {
                    [] => continue,
                    [bit] => bit,
                    _ => return Err(format!("{} has {} bits at {pin_name}", place(), bits.len())),
                };
                let pin = kind.pin(pin_name).ok_or_else(|| {
                    format!("{} connects {pin_name}, which is no pin of {}", place(), kind.name)
                })?;
                if kind.pins[pin].direction == Direction::Input || !bit.is_undefined() {
                    connected[pin] = Some(self.bit(bit, &mut nets, || label(bit))?);
                }
            }
            for (pin, net) in kind.pins.iter().zip(&connected) {
                if pin.direction == Direction::Input && net.is_none() {
                    return Err(format!("{} has nothing at its input {}", place(), pin.name));
                }
            }
            let name = name.clone();
            self.netlist.cells.push(Instance { name, cell: number, scope, nets: connected });
        }
        for (kind, path, bound) in inside {
            self.scope(kind, path, Some(scope), bound)?;
        }
        Ok(())
    }

    /// The netlist with one number for all nets that are joined.
    fn finish(mut self) -> Netlist {
        let names = std::mem::take(&mut self.netlist.net_names);
        let mut numbers = vec![Net::ZERO; names.len()];
        for (i, name) in names.into_iter().enumerate() {
            let net = Net(u32::try_from(i).expect("new_net has checked it"));
            let root = self.root(net);
            numbers[i] = if root == net {
                let number = self.netlist.net_names.len();
                self.netlist.net_names.push(name);
                Net(u32::try_from(number).expect("there are not more than before"))
            } else {
                numbers[root.index()]
            };
        }
        let ports = self.netlist.ports.iter_mut().flat_map(|port| &mut port.nets);
        let pins = self.netlist.cells.iter_mut().flat_map(|cell| cell.nets.iter_mut().flatten());
        for net in ports.chain(pins) {
            *net = numbers[net.index()];
        }
        for scope in &mut self.netlist.scopes {
            if let Some(end) = scope.module.find('$').filter(|&end| end > 0) {
                scope.module.truncate(end);
            }
        }
        self.netlist
    }
}

impl ModulePort {
    fn direction(&self, name: &str, module: &str) -> Result<Direction, String> {
        match self.direction.as_str() {
            "input" => Ok(Direction::Input),
            "output" => Ok(Direction::Output),
            other => Err(format!(
                "port {name} of module {module} is {other}; only input and output are read"
            )),
        }
    }
}

impl Module {
    /// The best name of each net: not one of Yosys' own, short, first in the alphabet.
    fn labels(&self) -> Labels<'_> {
        let mut labels = Labels::new();
        for (name, it) in &self.netnames {
            for (i, bit) in it.bits.iter().enumerate() {
                if let Bit::Net(number) = bit {
                    let label =
                        (it.hide_name != 0, name.as_str(), (it.bits.len() > 1).then_some(i));
                    let rank = |label: &(bool, &str, Option<usize>)| (label.0, label.1.len());
                    let best = labels.entry(*number).or_insert(label);
                    if rank(&label) < rank(best) {
                        *best = label;
                    }
                }
            }
        }
        labels
    }
}
