//! The structures shared with the C++ shim, and the table of a model's functions.
//! For generated code only.

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
    /// Size of the storage: 1, 2, 4 or 8.
    pub bytes: u32,
    /// 1: stop when equal, 0: stop when not.
    pub equal: u32,
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

// The same numbers as a C compiler gives for vrs.h on a 64-bit machine.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<vrs_config>() == 32);
    assert!(size_of::<vrs_stop>() == 32);
    assert!(size_of::<vrs_error>() == 40);
};

/// The functions of one model that are called rarely; those on the hot path are
/// called by name.
pub struct Functions {
    /// The model has a clock.
    pub clocked: bool,
    /// The model can be traced.
    pub traced: bool,
    /// The model counts coverage.
    pub covered: bool,
    /// `vrs_<model>_delete`.
    pub delete: unsafe extern "C" fn(*mut vrs_model),
    /// `vrs_<model>_finalize`.
    pub finalize: unsafe extern "C" fn(*mut vrs_model),
    /// `vrs_<model>_run`.
    pub run: unsafe extern "C" fn(*mut vrs_model, u64, *const vrs_stop, *mut u64, *mut u32) -> u32,
    /// `vrs_<model>_trace_open`.
    pub trace_open: unsafe extern "C" fn(*mut vrs_model, *const c_char) -> u32,
    /// `vrs_<model>_trace_close`.
    pub trace_close: unsafe extern "C" fn(*mut vrs_model),
    /// `vrs_<model>_trace_flush`.
    pub trace_flush: unsafe extern "C" fn(*mut vrs_model),
    /// `vrs_<model>_coverage_write`.
    pub coverage_write: unsafe extern "C" fn(*mut vrs_model, *const c_char) -> u32,
    /// `vrs_trace_enable`.
    pub trace_enable: unsafe extern "C" fn(*mut vrs_model, u32),
    /// `vrs_time`.
    pub time: unsafe extern "C" fn(*const vrs_model) -> u64,
    /// `vrs_cycles`.
    pub cycles: unsafe extern "C" fn(*const vrs_model) -> u64,
    /// `vrs_flags`.
    pub flags: unsafe extern "C" fn(*const vrs_model) -> u32,
    /// `vrs_take_output`.
    pub take_output: unsafe extern "C" fn(*mut vrs_model, *mut u64) -> *const c_char,
    /// `vrs_take_error`.
    pub take_error: unsafe extern "C" fn(*mut vrs_model, *mut vrs_error) -> u32,
}
