// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiled models as data: what is linked into the program and what it has loaded.

use std::ffi::{CStr, c_char};

use crate::ffi::{self, vrs_memory, vrs_place, vrs_port, vrs_table};
use crate::{Direction, Error, PortInfo};

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
        let fail = |what: &str, name: &str, reason: String| Error::Interface {
            model: self.name(),
            what: format!("{what} `{name}`"),
            reason,
        };
        let there: Vec<PortInfo> = self.ports().collect();
        compare(ports, &there, |port| port.name, |name, has| fail("port", name, missing(has)))?;
        for (want, have) in ports.iter().zip(&there) {
            if want.width != 0 && want.width != have.width {
                let reason = format!(
                    "has {} bits in the loaded model, the program was compiled for {}",
                    have.width, want.width
                );
                return Err(fail("port", want.name, reason));
            }
            if want.direction != have.direction {
                let reason = format!("is an {:?} of the loaded model", have.direction);
                return Err(fail("port", want.name, reason.to_lowercase()));
            }
        }
        let there: Vec<(&str, u32)> =
            self.memories().iter().map(|memory| (text(memory.name), memory.bits)).collect();
        compare(memories, &there, |it| it.0, |name, has| fail("memory", name, missing(has)))?;
        for (want, have) in memories.iter().zip(&there) {
            if want.1 != have.1 {
                let reason = format!(
                    "has words of {} bits in the loaded model, the program was compiled for {}",
                    have.1, want.1
                );
                return Err(fail("memory", want.0, reason));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Library").field(&self.name()).finish()
    }
}

fn missing(in_model: bool) -> String {
    match in_model {
        true => "of the loaded model is unknown to the program",
        false => "is missing from the loaded model",
    }
    .to_owned()
}

/// Finds the first name that one of two lists of the same order lacks; the flag of `error` tells
/// whether `have` is the list that has it.
fn compare<T>(
    want: &[T],
    have: &[T],
    name: impl Fn(&T) -> &str,
    error: impl Fn(&str, bool) -> Error,
) -> Result<(), Error> {
    let lacks = |list: &[T], item: &T| !list.iter().any(|it| name(it) == name(item));
    if let Some(item) = want.iter().find(|item| lacks(have, item)) {
        return Err(error(name(item), false));
    }
    match have.iter().find(|item| lacks(want, item)) {
        Some(item) => Err(error(name(item), true)),
        None => Ok(()),
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
