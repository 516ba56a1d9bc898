//! The part of a model that does not depend on its ports.

use std::ffi::CStr;
use std::ptr::NonNull;

use crate::ffi::{self, Functions, vrs_error, vrs_model, vrs_stop};
use crate::stop::{Ended, Ran};
use crate::{Config, Error, RtlKind};

/// The handle on the C++ side of a model. Generated code wraps one; use it through
/// [`Model`](crate::Model).
pub struct Core {
    raw: NonNull<vrs_model>,
    pub(crate) functions: &'static Functions,
    pub(crate) name: &'static str,
    /// Kind of the error raised at a file and line, as read from the source.
    kinds: &'static [(&'static str, u32, RtlKind)],
    capture: bool,
    output: String,
    poison: Option<String>,
}

// SAFETY: the C++ side of a model is reached through this handle alone, it is not tied
// to the thread that made it (each call makes it the current model of its thread), and
// what models share (the runtime's identifiers and seeds) is guarded there.
#[allow(unsafe_code)]
unsafe impl Send for Core {}

#[allow(unsafe_code)]
impl Core {
    /// Wraps a model just made by its `new` function and takes over what its
    /// construction printed and raised.
    ///
    /// # Errors
    /// What initial blocks raised.
    ///
    /// # Safety
    /// `raw` comes from the `new` of the model that the functions belong to and has no
    /// other owner.
    #[doc(hidden)]
    pub unsafe fn from_raw(
        raw: *mut vrs_model,
        functions: &'static Functions,
        name: &'static str,
        kinds: &'static [(&'static str, u32, RtlKind)],
        config: &Config,
    ) -> Result<Self, Error> {
        let mut core = Self {
            raw: NonNull::new(raw).expect("the shim's new gives a model back"),
            functions,
            name,
            kinds,
            capture: config.capture_output,
            output: String::new(),
            poison: None,
        };
        core.settle(core.flags())?;
        Ok(core)
    }

    /// For generated code: calls a model's `new` with the C form of a configuration.
    ///
    /// # Errors
    /// A nul character in a plusarg.
    #[doc(hidden)]
    pub fn with_config<T>(
        config: &Config,
        call: impl FnOnce(&ffi::vrs_config) -> T,
    ) -> Result<T, Error> {
        let args = config.c_args()?;
        let pointers: Vec<_> = args.iter().map(|arg| arg.as_ptr()).collect();
        Ok(call(&ffi::vrs_config {
            time: config.time,
            args: pointers.as_ptr(),
            arg_count: pointers.len() as i32,
            seed: config.verilator_seed(),
            reset: config.x_init as i32,
            assertions: i32::from(config.assertions),
        }))
    }

    /// For generated code: the C++ side.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn raw(&self) -> *mut vrs_model {
        self.raw.as_ptr()
    }

    /// For generated code: sees to the status of a call that is not zero.
    ///
    /// # Errors
    /// What the status tells.
    #[doc(hidden)]
    #[cold]
    pub fn settle(&mut self, flags: u32) -> Result<(), Error> {
        if flags & ffi::OUTPUT != 0 {
            self.drain();
        }
        if flags & ffi::REFUSED != 0 {
            return Err(if self.flags() & ffi::POISONED != 0 {
                let message = self.poison.clone().unwrap_or_else(|| "see the output".to_owned());
                Error::Poisoned { message }
            } else {
                Error::Finished
            });
        }
        if flags & ffi::ERROR == 0 {
            return Ok(());
        }
        match self.take_error() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn take_error(&mut self) -> Option<Error> {
        let mut raw = vrs_error {
            text: std::ptr::null(),
            file: std::ptr::null(),
            text_len: 0,
            time: 0,
            line: 0,
            kind: 0,
        };
        // SAFETY: the handle is alive and the structure is ours.
        if unsafe { (self.functions.take_error)(self.raw(), &raw mut raw) } == 0 {
            return None;
        }
        // SAFETY: the shim gave a pointer and length that stay good until the next call.
        let text = unsafe { text_of(raw.text.cast(), raw.text_len) };
        // SAFETY: a nul-terminated string, as good as the text.
        let file = unsafe { CStr::from_ptr(raw.file) }.to_string_lossy().into_owned();
        if raw.kind == ffi::KIND_FATAL {
            self.poison = Some(text.clone());
            let (message, line, time) = (text, raw.line, raw.time);
            return Some(if message.contains("did not converge") {
                Error::NotConverged { message, file, line, time }
            } else {
                Error::Fatal { message, file, line, time }
            });
        }
        let known = self.kinds.iter().find(|(f, l, _)| *f == file && *l == raw.line);
        let said = crate::error::parse(&text, known.map(|entry| entry.2));
        Some(Error::Rtl {
            kind: said.kind,
            message: said.message,
            scope: said.scope,
            file,
            line: raw.line,
            time: raw.time,
        })
    }

    fn drain(&mut self) {
        let mut len = 0;
        // SAFETY: the handle is alive; the text stays good until the next call.
        let text = unsafe {
            let pointer = (self.functions.take_output)(self.raw(), &raw mut len);
            text_of(pointer.cast(), len)
        };
        self.output.push_str(&text);
        if !self.capture
            && let Some(end) = self.output.rfind('\n')
        {
            print!("{}", &self.output[..=end]);
            self.output.drain(..=end);
        }
    }

    pub(crate) fn flags(&self) -> u32 {
        // SAFETY: the handle is alive.
        unsafe { (self.functions.flags)(self.raw()) }
    }

    pub(crate) fn run(&mut self, count: u64, stop: &vrs_stop) -> Result<Ran, Error> {
        let mut cycles = 0;
        loop {
            let (mut ran, mut hit) = (0, 0);
            // SAFETY: the handle is alive; the condition's port, if any, is storage of
            // this model, for a `Port` names the model's type and only the generated
            // code gives it an address.
            let flags = unsafe {
                (self.functions.run)(self.raw(), count - cycles, stop, &raw mut ran, &raw mut hit)
            };
            cycles += ran;
            if flags != 0 {
                self.settle(flags)?;
            }
            let ended = if hit != 0 {
                Ended::Stop
            } else if flags & ffi::FINISHED != 0 {
                Ended::Finish
            } else if cycles == count {
                Ended::Count
            } else {
                continue;
            };
            return Ok(Ran { cycles, ended });
        }
    }

    pub(crate) fn finalize(&mut self) -> Result<(), Error> {
        if self.flags() & ffi::POISONED != 0 {
            return self.settle(ffi::REFUSED);
        }
        if self.flags() & ffi::FINALIZED != 0 {
            return Err(Error::Finished);
        }
        // SAFETY: the handle is alive.
        unsafe { (self.functions.finalize)(self.raw()) };
        self.settle(self.flags())
    }

    /// # Errors
    /// `NoClock` for a model without one.
    pub(crate) fn need_clock(&self) -> Result<(), Error> {
        if self.functions.clocked { Ok(()) } else { Err(Error::NoClock { model: self.name }) }
    }

    pub(crate) fn time(&self) -> u64 {
        // SAFETY: the handle is alive.
        unsafe { (self.functions.time)(self.raw()) }
    }

    pub(crate) fn cycles(&self) -> u64 {
        // SAFETY: the handle is alive.
        unsafe { (self.functions.cycles)(self.raw()) }
    }

    pub(crate) fn finished(&self) -> bool {
        self.flags() & ffi::FINISHED != 0
    }

    pub(crate) fn take_output(&mut self) -> String {
        if self.flags() & ffi::OUTPUT != 0 {
            self.drain();
        }
        std::mem::take(&mut self.output)
    }
}

#[allow(unsafe_code)]
impl Drop for Core {
    fn drop(&mut self) {
        if self.flags() & (ffi::POISONED | ffi::FINISHED) == 0 {
            // Final blocks may print; their errors have nobody left to go to.
            let _ = self.finalize();
        }
        if !self.capture {
            let rest = self.take_output();
            if !rest.is_empty() {
                println!("{rest}");
            }
        }
        // SAFETY: the handle is alive, and this is its end.
        unsafe { (self.functions.delete)(self.raw()) };
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(self.name)
            .field("cycles", &self.cycles())
            .field("time", &self.time())
            .field("finished", &self.finished())
            .field("poison", &self.poison)
            .finish_non_exhaustive()
    }
}

/// # Safety
/// The pointer is good for `len` bytes.
#[allow(unsafe_code)]
unsafe fn text_of(pointer: *const u8, len: u64) -> String {
    // SAFETY: passed on to the caller.
    let bytes = unsafe { std::slice::from_raw_parts(pointer, len as usize) };
    String::from_utf8_lossy(bytes).into_owned()
}
