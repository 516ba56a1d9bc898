//! Waveform and coverage files.

use std::ffi::CString;
use std::fs::File;
use std::path::Path;

use crate::{Core, Error};

#[allow(unsafe_code)]
impl Core {
    pub(crate) fn open_trace(&mut self, path: &Path) -> Result<(), Error> {
        let fail = |reason: String| Error::Trace { path: path.to_owned(), reason };
        if !self.functions.traced {
            return Err(fail(format!(
                "model `{}` is built without a trace: use Verilate::trace in build.rs",
                self.name
            )));
        }
        let text = c_path(path).map_err(fail)?;
        // Verilator does not tell why a file cannot be opened, and its FST writer does
        // not notice at all.
        File::create(path).map_err(|error| fail(error.to_string()))?;
        // SAFETY: the handle is alive and the path is a C string.
        let status = unsafe { (self.functions.trace_open)(self.raw(), text.as_ptr()) };
        self.settle(self.flags())?;
        if status == 0 { Ok(()) } else { Err(fail("Verilator cannot open it".to_owned())) }
    }

    pub(crate) fn enable_trace(&mut self, on: bool) {
        // SAFETY: the handle is alive.
        unsafe { (self.functions.trace_enable)(self.raw(), u32::from(on)) }
    }

    pub(crate) fn flush_trace(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is alive.
        unsafe { (self.functions.trace_flush)(self.raw()) };
        self.settle(self.flags())
    }

    pub(crate) fn close_trace(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is alive.
        unsafe { (self.functions.trace_close)(self.raw()) };
        self.settle(self.flags())
    }

    pub(crate) fn write_coverage(&mut self, path: &Path) -> Result<(), Error> {
        let fail = |reason: String| Error::Coverage { path: path.to_owned(), reason };
        if !self.functions.covered {
            return Err(fail(format!(
                "model `{}` is built without coverage: use Verilate::coverage in build.rs",
                self.name
            )));
        }
        let text = c_path(path).map_err(fail)?;
        // Verilator would take a file that cannot be written for a fatal error.
        File::create(path).map_err(|error| fail(error.to_string()))?;
        // SAFETY: the handle is alive and the path is a C string.
        unsafe { (self.functions.coverage_write)(self.raw(), text.as_ptr()) };
        self.settle(self.flags())
    }
}

fn c_path(path: &Path) -> Result<CString, String> {
    let text = path.to_str().ok_or("the path is not UTF-8")?;
    CString::new(text).map_err(|_| "the path holds a nul character".to_owned())
}
