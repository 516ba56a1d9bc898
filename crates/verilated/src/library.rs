// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiled models as data: what is linked into the program and what it has loaded.

use std::ffi::{CStr, c_char};

use self::ffi::{vrs_memory, vrs_place, vrs_port, vrs_table};
use crate::{Direction, Error, PortInfo};

/// The structures of `vrs.h`, the C interface of every model, which says what they hold. Generated
/// code checks their layout against the header.
#[doc(hidden)]
#[allow(non_camel_case_types, missing_docs)]
pub mod ffi {
    use std::ffi::{c_char, c_void};

    pub const FINISHED: u32 = 1;
    pub const POISONED: u32 = 2;
    pub const ERROR: u32 = 4;
    pub const OUTPUT: u32 = 8;
    pub const REFUSED: u32 = 16;
    pub const FINALIZED: u32 = 32;
    pub const NO_CLOCK: u32 = 64;
    pub const KIND_FATAL: u32 = 2;
    pub const KIND_FILE: u32 = 3;

    #[repr(C)]
    pub struct vrs_model {
        _opaque: [u8; 0],
    }

    #[repr(C)]
    pub struct vrs_config {
        pub time: u64,
        pub args: *const *const c_char,
        pub arg_count: i32,
        pub seed: i32,
        pub reset: i32,
        pub assertions: i32,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub struct vrs_stop {
        pub port: *const c_void,
        pub mask: u64,
        pub value: u64,
        pub bytes: u32,
        pub equal: u32,
    }

    #[repr(C)]
    pub struct vrs_reads {
        pub request: *const u8,
        pub address: *const u32,
        pub valid: *mut u8,
        pub fault: *mut u8,
        pub data: *mut u32,
        pub words: *const u32,
        pub word_count: u64,
        pub beat: u32,
        pub bad_beat: u32,
        pub pending: u32,
        pub pending_address: u32,
        pub answered: u64,
    }

    #[repr(C)]
    pub struct vrs_error {
        pub text: *const c_char,
        pub file: *const c_char,
        pub text_len: u64,
        pub time: u64,
        pub line: u32,
        pub kind: u32,
    }

    #[repr(C)]
    pub struct vrs_port {
        pub name: *const c_char,
        pub width: u32,
        pub input: u32,
    }

    #[repr(C)]
    pub struct vrs_memory {
        pub name: *const c_char,
        pub words: u64,
        pub bits: u32,
        pub width: u32,
    }

    #[repr(C)]
    pub struct vrs_place {
        pub file: *const c_char,
        pub line: u32,
        pub kind: u32,
    }

    pub const ABI: u32 = 3;
    pub const TRACED: u32 = 2;
    pub const COVERED: u32 = 4;

    #[repr(C)]
    pub struct vrs_table {
        pub abi: u32,
        pub abilities: u32,
        pub name: *const c_char,
        pub sources_digest: *const c_char,
        pub ports: *const vrs_port,
        pub memories: *const vrs_memory,
        pub places: *const vrs_place,
        pub port_count: u32,
        pub memory_count: u32,
        pub place_count: u64,
        pub create:
            unsafe extern "C-unwind" fn(*const vrs_config, *mut *mut c_void) -> *mut vrs_model,
        pub destroy: unsafe extern "C-unwind" fn(*mut vrs_model),
        pub finalize: unsafe extern "C-unwind" fn(*mut vrs_model),
        pub eval: unsafe extern "C-unwind" fn(*mut vrs_model) -> u32,
        pub eval_at: unsafe extern "C-unwind" fn(*mut vrs_model, u64) -> u32,
        pub tick: unsafe extern "C-unwind" fn(*mut vrs_model) -> u32,
        pub run: unsafe extern "C-unwind" fn(
            *mut vrs_model,
            u64,
            *const vrs_stop,
            *mut vrs_reads,
            *mut u64,
            *mut u32,
        ) -> u32,
        pub flags: unsafe extern "C-unwind" fn(*const vrs_model) -> u32,
        pub time: unsafe extern "C-unwind" fn(*const vrs_model) -> u64,
        pub cycles: unsafe extern "C-unwind" fn(*const vrs_model) -> u64,
        pub trace_open: unsafe extern "C-unwind" fn(*mut vrs_model, *const c_char) -> u32,
        pub trace_close: unsafe extern "C-unwind" fn(*mut vrs_model),
        pub trace_flush: unsafe extern "C-unwind" fn(*mut vrs_model),
        pub trace_enable: unsafe extern "C-unwind" fn(*mut vrs_model, u32),
        pub coverage_write: unsafe extern "C-unwind" fn(*mut vrs_model, *const c_char),
        pub take_output: unsafe extern "C-unwind" fn(*mut vrs_model, *mut u64) -> *const c_char,
        pub take_error: unsafe extern "C-unwind" fn(*mut vrs_model, *mut vrs_error) -> u32,
    }
}

/// A compiled model: a row that is linked into the program ([`Builtin::library`]) or one that
/// `verilated::load` has loaded. Families make models of it with
/// [`Model::from_library`](crate::Model::from_library).
///
/// A library stays in memory until the program ends, so that this is a mere reference.
#[derive(Clone, Copy)]
pub struct Library {
    table: &'static vrs_table,
}

// SAFETY: the table and what it points to are constants of the C++ side.
#[allow(unsafe_code)]
unsafe impl Send for Library {}
// SAFETY: as above.
#[allow(unsafe_code)]
unsafe impl Sync for Library {}

#[allow(unsafe_code)]
impl Library {
    /// # Safety
    /// The pointer comes from a `vrs_table` function and is good until the program ends.
    ///
    /// # Errors
    /// The version of another interface.
    pub(crate) unsafe fn new(table: *const vrs_table) -> Result<Self, u32> {
        // SAFETY: passed on; the first field is the same in every version.
        let abi = unsafe { (*table).abi };
        // SAFETY: as above, and the version says that the structure is ours.
        if abi == ffi::ABI { Ok(Self { table: unsafe { &*table } }) } else { Err(abi) }
    }

    pub(crate) fn table(self) -> &'static vrs_table {
        self.table
    }

    /// The name of the row.
    #[must_use]
    pub fn name(self) -> &'static str {
        text(self.table.name)
    }

    /// The digest of the sources that it was made from, as `verilated::load::sources_digest`
    /// gives it.
    #[must_use]
    pub fn sources_digest(self) -> &'static str {
        text(self.table.sources_digest)
    }

    /// Whether it can write waveforms.
    #[must_use]
    pub fn traced(self) -> bool {
        self.table.abilities & ffi::TRACED != 0
    }

    /// Whether it counts coverage.
    #[must_use]
    pub fn covered(self) -> bool {
        self.table.abilities & ffi::COVERED != 0
    }

    /// The ports with the widths of this row, in the order of their names.
    pub fn ports(self) -> impl ExactSizeIterator<Item = PortInfo> {
        self.raw_ports().iter().map(|port| PortInfo {
            name: text(port.name),
            width: port.width,
            direction: if port.input == 0 { Direction::Output } else { Direction::Input },
        })
    }

    pub(crate) fn raw_ports(self) -> &'static [vrs_port] {
        // SAFETY: the table's own pointer and count.
        unsafe { slice(self.table.ports, self.table.port_count as usize) }
    }

    pub(crate) fn memories(self) -> &'static [vrs_memory] {
        // SAFETY: the table's own pointer and count.
        unsafe { slice(self.table.memories, self.table.memory_count as usize) }
    }

    pub(crate) fn places(self) -> &'static [vrs_place] {
        // SAFETY: the table's own pointer and count.
        unsafe { slice(self.table.places, self.table.place_count as usize) }
    }

    /// Compares ports and memories with those that a family was compiled for. A width of 0 is
    /// any width.
    pub(crate) fn check(self, ports: &[PortInfo], memories: &[(&str, u32)]) -> Result<(), Error> {
        let port = |it: &PortInfo| ("port", it.name, it.width, Some(it.direction));
        let memory = |(name, bits)| ("memory", name, bits, None);
        let mut want: Vec<Item<'_>> = ports.iter().map(port).collect();
        want.extend(memories.iter().copied().map(memory));
        let mut have: Vec<Item<'_>> = self.ports().map(|it| port(&it)).collect();
        have.extend(self.memories().iter().map(|it| memory((text(it.name), it.bits))));
        let Some(((sort, name, ..), difference)) = difference(&want, &have) else {
            return Ok(());
        };
        let reason = match difference {
            Difference::FirstOnly => "is missing from the loaded model".to_owned(),
            Difference::SecondOnly => "of the loaded model is unknown to the program".to_owned(),
            Difference::Kind(kind) => format!("is {kind} of the loaded model"),
            Difference::Bits(want, have) => format!(
                "has {}{have} bits in the loaded model, the program was compiled for {want}",
                if sort == "memory" { "words of " } else { "" }
            ),
        };
        Err(Error::Interface { model: self.name(), what: format!("{sort} `{name}`"), reason })
    }
}

/// A port, or a memory, which has no direction: its sort, name, bits (0 where any will do).
pub(crate) type Item<'a> = (&'static str, &'a str, u32, Option<Direction>);

/// How an item of two lists differs.
pub(crate) enum Difference {
    FirstOnly,
    SecondOnly,
    /// What the second is: its direction, or at another place in the list.
    Kind(&'static str),
    Bits(u32, u32),
}

/// The first difference of two lists in the order of their table.
pub(crate) fn difference<'a>(
    first: &[Item<'a>],
    second: &[Item<'a>],
) -> Option<(Item<'a>, Difference)> {
    let lacks =
        |list: &[Item<'_>], it: &Item<'_>| list.iter().all(|at| (at.0, at.1) != (it.0, it.1));
    if let Some(item) = first.iter().find(|item| lacks(second, item)) {
        return Some((*item, Difference::FirstOnly));
    }
    if let Some(item) = second.iter().find(|item| lacks(first, item)) {
        return Some((*item, Difference::SecondOnly));
    }
    first.iter().zip(second).find_map(|(one, two)| {
        if (one.1, one.3) != (two.1, two.3) {
            let kind = match two.3 {
                _ if one.1 != two.1 => "at another place",
                Some(Direction::Output) => "an output",
                _ => "an input",
            };
            return Some((*one, Difference::Kind(kind)));
        }
        let differ = one.2 != 0 && two.2 != 0 && one.2 != two.2;
        differ.then_some((*one, Difference::Bits(one.2, two.2)))
    })
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Library").field(&self.name()).finish()
    }
}

/// A row of a family that is linked into the program.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// The parameters it was verilated with.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The digest of its sources; see [`Library::sources_digest`].
    pub sources_digest: &'static str,
    table: fn() -> *const vrs_table,
}

#[allow(unsafe_code)]
impl Builtin {
    /// For generated code.
    ///
    /// # Safety
    /// The function calls the `vrs_table` function of a linked model.
    #[doc(hidden)]
    #[must_use]
    pub const unsafe fn new(
        name: &'static str,
        parameters: &'static [(&'static str, &'static str)],
        sources_digest: &'static str,
        table: fn() -> *const vrs_table,
    ) -> Self {
        Self { name, parameters, sources_digest, table }
    }

    /// The compiled model.
    ///
    /// # Panics
    /// When the program links the C++ of another version of this crate.
    #[must_use]
    pub fn library(&self) -> Library {
        // SAFETY: whoever made this has promised it.
        unsafe { Library::new((self.table)()) }.expect("both sides come from one build")
    }
}

/// A text of a table.
pub(crate) fn text(pointer: *const c_char) -> &'static str {
    // SAFETY: the texts of a table are nul-terminated constants; this crate wrote them from
    // Rust strings, without nul.
    #[allow(unsafe_code)]
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or("?")
}

/// # Safety
/// A pointer, possibly null when there is nothing, and count of a table.
#[allow(unsafe_code)]
unsafe fn slice<T>(pointer: *const T, count: usize) -> &'static [T] {
    // SAFETY: passed on to the caller.
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(pointer, count) } }
}
