// SPDX-License-Identifier: MIT OR Apache-2.0
//! The structures of `vrs.h`, the C interface of every model. For generated code only,
//! which checks their layout against the header.

use std::ffi::{c_char, c_void};

/// `$finish` has run, or the final blocks have.
pub const FINISHED: u32 = 1;
/// The C++ side threw: the state is half-updated.
pub const POISONED: u32 = 2;
/// An error waits to be taken.
pub const ERROR: u32 = 4;
/// Text waits to be taken.
pub const OUTPUT: u32 = 8;
/// Nothing was done, the model takes no more calls.
pub const REFUSED: u32 = 16;
/// The final blocks have run.
pub const FINALIZED: u32 = 32;
/// Nothing was done, the model has no clock.
pub const NO_CLOCK: u32 = 64;
/// The error came from `vl_fatal` or a C++ exception.
pub const KIND_FATAL: u32 = 2;

/// A model on the C++ side; only ever behind a pointer.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct vrs_model {
    _opaque: [u8; 0],
}

/// How to construct a model.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct vrs_config {
    /// Time at construction.
    pub time: u64,
    /// Plusargs.
    pub args: *const *const c_char,
    /// Number of plusargs.
    pub arg_count: i32,
    /// Seed, 1 and above.
    pub seed: i32,
    /// Initial values: 0 zeros, 1 ones, 2 random.
    pub reset: i32,
    /// 0 switches assertions off.
    pub assertions: i32,
}

/// A stop condition; a null port is none.
#[repr(C)]
#[derive(Clone, Copy)]
#[allow(non_camel_case_types)]
pub struct vrs_stop {
    /// The port's storage.
    pub port: *const c_void,
    /// Bits that count.
    pub mask: u64,
    /// Value to compare with.
    pub value: u64,
    /// Size of the storage: 1, 2, 4, 8 or more.
    pub bytes: u32,
    /// 1: stop when equal, 0: stop when not.
    pub equal: u32,
}

/// A memory that answers reads while a batch runs.
#[repr(C)]
#[allow(non_camel_case_types, missing_docs)]
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

/// An error as recorded by the shim.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct vrs_error {
    /// Text as printed by the model.
    pub text: *const c_char,
    /// File, nul-terminated.
    pub file: *const c_char,
    /// Length of the text.
    pub text_len: u64,
    /// Time of the error.
    pub time: u64,
    /// Line of the error.
    pub line: u32,
    /// `KIND_FATAL` or 1.
    pub kind: u32,
}

/// A port in the table.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct vrs_port {
    /// Name in the RTL.
    pub name: *const c_char,
    /// Width in bits.
    pub width: u32,
    /// 1: input, 0: output.
    pub input: u32,
}

/// A memory in the table.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct vrs_memory {
    /// Name of its method.
    pub name: *const c_char,
    /// Number of words.
    pub words: u64,
    /// Bits of a word as stored.
    pub bits: u32,
    /// Bits of a word in the RTL.
    pub width: u32,
}

/// What stands at a line of the RTL.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct vrs_place {
    /// File, as spelt in messages.
    pub file: *const c_char,
    /// Line in it.
    pub line: u32,
    /// An `RtlKind`.
    pub kind: u32,
}

/// The version of the interface.
pub const ABI: u32 = 2;
/// The model can be traced.
pub const TRACED: u32 = 2;
/// The model counts coverage.
pub const COVERED: u32 = 4;

/// The table of a model.
#[repr(C)]
#[allow(non_camel_case_types, missing_docs)]
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
    pub create: unsafe extern "C" fn(*const vrs_config, *mut *mut c_void) -> *mut vrs_model,
    pub destroy: unsafe extern "C" fn(*mut vrs_model),
    pub finalize: unsafe extern "C" fn(*mut vrs_model),
    pub eval: unsafe extern "C" fn(*mut vrs_model) -> u32,
    pub tick: unsafe extern "C" fn(*mut vrs_model) -> u32,
    pub run: unsafe extern "C" fn(*mut vrs_model, u64, *const vrs_stop, *mut u64, *mut u32) -> u32,
    pub run_reads: unsafe extern "C" fn(
        *mut vrs_model,
        u64,
        *const vrs_stop,
        *mut vrs_reads,
        *mut u64,
        *mut u32,
    ) -> u32,
    pub flags: unsafe extern "C" fn(*const vrs_model) -> u32,
    pub time: unsafe extern "C" fn(*const vrs_model) -> u64,
    pub cycles: unsafe extern "C" fn(*const vrs_model) -> u64,
    pub trace_open: unsafe extern "C" fn(*mut vrs_model, *const c_char) -> u32,
    pub trace_close: unsafe extern "C" fn(*mut vrs_model),
    pub trace_flush: unsafe extern "C" fn(*mut vrs_model),
    pub trace_enable: unsafe extern "C" fn(*mut vrs_model, u32),
    pub coverage_write: unsafe extern "C" fn(*mut vrs_model, *const c_char),
    pub take_output: unsafe extern "C" fn(*mut vrs_model, *mut u64) -> *const c_char,
    pub take_error: unsafe extern "C" fn(*mut vrs_model, *mut vrs_error) -> u32,
}
