// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C++ shim: the files shared by all models and the head of each model's own.

use std::fmt::Write as _;

use super::Trace;
use super::header::{HeaderPort, Memory};
use super::make::Verilated;
use crate::{Direction, RtlKind, ffi};

/// The files shared by all models, for the folder of the runtime.
pub(crate) const SHARED: [(&str, &str); 4] = [
    ("vrs.h", include_str!("../cpp/vrs.h")),
    ("vrs_print.h", include_str!("../cpp/vrs_print.h")),
    ("vrs_model.h", include_str!("../cpp/vrs_model.h")),
    ("vrs_runtime.cpp", include_str!("../cpp/vrs_runtime.cpp")),
];

/// The body of each model's shim.
pub(crate) const TOP: &str = include_str!("../cpp/vrs_top.cpp");

/// The shim of a model.
pub(crate) fn text(made: &Verilated<'_>, places: &[(String, u32, RtlKind)]) -> String {
    let (target, model) = (made.target, made.target.model);
    let prefix = target.prefix();
    let (mut bind, mut ports, mut memories) = (String::new(), String::new(), String::new());
    for (index, port) in made.ports.iter().enumerate() {
        let HeaderPort { name, member, width, .. } = port;
        let bytes = port.storage();
        let _ = write!(
            bind,
            "static_assert(sizeof(topp->{member}) == {bytes}, \"storage of {member}\"); \
             storagepp[{index}] = &topp->{member}; "
        );
        // Verilator gives inputs random initial values as well, the clock among them.
        let input = port.direction == Direction::Input;
        if input {
            let _ = write!(bind, "std::memset(storagepp[{index}], 0, {bytes}); ");
        }
        let _ = writeln!(ports, "    {{{name:?}, {width}, {}}},", u8::from(input));
    }
    for (index, memory) in made.memories.iter().enumerate() {
        let Memory { name, member, bits, width, words, .. } = memory;
        let index = made.ports.len() + index;
        let _ = write!(bind, "storagepp[{index}] = &topp->rootp->{member}[0]; ");
        let _ = writeln!(memories, "    {{{name:?}, {words}, {bits}, {width}}},");
    }
    let root = match made.memories.is_empty() {
        true => String::new(),
        false => format!("#include \"{prefix}___024root.h\"\n"),
    };
    let list = |ty: &str, name: &str, items: &str| match items {
        "" => format!("static const {ty}* const {name} = nullptr;\n"),
        _ => format!("static const {ty} {name}[] = {{\n{items}}};\n"),
    };
    let place_items: String = places
        .iter()
        .map(|(file, line, kind)| format!("    {{{file:?}, {line}, {}}},\n", *kind as u32))
        .collect();
    let trace = match model.trace {
        Trace::None => 0,
        Trace::Vcd => 1,
        Trace::Fst => 2,
    };
    let clock = made.clock();
    let abilities = u32::from(clock.is_some())
        | if trace == 0 { 0 } else { ffi::TRACED }
        | if model.coverage { ffi::COVERED } else { 0 };
    let clock = clock.map_or(String::new(), |it| format!("#define VRS_CLOCK {}\n", it.member));
    format!(
        "#include \"{prefix}.h\"
{root}#include \"vrs_model.h\"
{ports}{memories}{places}#define VRS_TOP {prefix}
#define VRS_TABLE {table}
#define VRS_BIND {bind}(void)storagepp; (void)topp;
#define VRS_DATA {abilities}, {name:?}, {digest:?}, vrs_ports, vrs_memories, vrs_places, \\
    {port_count}, {memory_count}, {place_count}
#define VRS_TRACE {trace}
#define VRS_COVERAGE {coverage}
{clock}{TOP}",
        ports = list("vrs_port", "vrs_ports", &ports),
        memories = list("vrs_memory", "vrs_memories", &memories),
        places = list("vrs_place", "vrs_places", &place_items),
        table = target.table(),
        name = model.name,
        digest = target.inputs.digest,
        port_count = made.ports.len(),
        memory_count = made.memories.len(),
        place_count = places.len(),
        coverage = u32::from(model.coverage),
    )
}
