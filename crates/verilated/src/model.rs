// SPDX-License-Identifier: MIT OR Apache-2.0
//! Models: how they are constructed, what they have in common, and the simulation behind each.

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Read;
use std::ops::{Deref, DerefMut};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::ptr::NonNull;

use crate::ffi::{self, vrs_config, vrs_error, vrs_model, vrs_reads, vrs_stop, vrs_table};
use crate::library::text;
use crate::port::{Bits, Place};
use crate::{
    Builtin, Clock, Ended, Error, Library, Port, PortInfo, Ran, ReadPorts, Reads, RtlKind, Stop,
};

/// The values that registers and memories hold before the RTL gives them one.
///
/// What `Random` reaches depends on the `x_assign` and `x_initial` of the build; with
/// the default (`x_initial` unique) it is every variable without an initial value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum XInit {
    /// All bits low. The default.
    #[default]
    Zeros,
    /// All bits high.
    Ones,
    /// Random bits from [`Config::seed`].
    Random,
}

/// How a model is constructed: initial values, plusargs, assertions, output.
///
/// ```
/// let config = verilated::Config::new().seed(7).plusarg("+verbose=1").capture_output(true);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a configuration does nothing until it is given to a model"]
pub struct Config {
    x_init: XInit,
    seed: u64,
    plusargs: Vec<String>,
    assertions: bool,
    time: u64,
    capture_output: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            x_init: XInit::Zeros,
            seed: 1,
            plusargs: Vec::new(),
            assertions: true,
            time: 0,
            capture_output: false,
        }
    }
}

impl Config {
    /// Zeros as initial values, no plusargs, assertions on, time 0, output printed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Random initial values drawn from this seed, which also seeds `$random` and
    /// `$urandom`. The same seed gives the same initial values in every model of the
    /// same build, whatever other models and threads do. Any value will do; seeds are
    /// told apart by their low 31 bits, of which zero counts as `0x5eed`.
    ///
    /// The numbers of `$random` and `$urandom` come from one sequence a thread, which
    /// Verilator restarts whenever a model is constructed: they repeat in a program
    /// that has one model at a time, and need not in others.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.x_init = XInit::Random;
        self
    }

    /// Adds an argument for `$test$plusargs` and `$value$plusargs`; the leading `+` may
    /// be left out. Arguments that begin with `+verilator+` steer Verilator itself.
    pub fn plusarg(mut self, argument: impl Into<String>) -> Self {
        let argument = argument.into();
        let plus = if argument.starts_with('+') { "" } else { "+" };
        self.plusargs.push(format!("{plus}{argument}"));
        self
    }

    setters! {
        /// Initial values other than the default.
        x_init: XInit,
        /// Switches assertions of a model that was built with them on (the default) or off.
        assertions: bool,
        /// Time at construction, in units of the model's time precision; 0 by default.
        time: u64,
        /// Keeps the text of `$display` and the like for
        /// [`Sim::take_output`](crate::Sim::take_output) instead of printing it.
        capture_output: bool,
    }
}

/// A family of models of one top module, for code that is generic over families. Each is a
/// generated type with accessors for ports and memories; the rest is [`Sim`], to which it
/// dereferences.
///
/// The associated functions are the type's own as well, so that this trait need not be in
/// scope to call them. Models are `Send`, and share nothing: any number may exist, one per
/// thread or many on one.
pub trait Model: Deref<Target = Sim<Self>> + DerefMut + Sized + Send {
    /// The name given to `Family::new` or, for a single model, to `Verilate::new`.
    const NAME: &'static str;

    /// The ports, in the order of their names. The width of one that is declared varying is
    /// 0; [`Sim::library`] has the widths of a model.
    const PORTS: &'static [PortInfo];

    /// The rows that are linked into the program.
    const BUILTINS: &'static [Builtin];

    /// For generated code: names and bits of a word of the memories.
    #[doc(hidden)]
    const MEMORIES: &'static [(&'static str, u32)];

    /// For generated code: an array of all ports, then all memories.
    #[doc(hidden)]
    type Places: TryFrom<Vec<Place>> + AsRef<[Place]> + std::fmt::Debug;

    /// For generated code.
    #[doc(hidden)]
    fn wrap(sim: Sim<Self>) -> Self;

    /// Constructs the first row that is linked into the program; see
    /// [`from_library`](Self::from_library).
    ///
    /// # Errors
    /// As `from_library`; [`Error::NoBuiltin`] when there is no row.
    fn new(config: &Config) -> Result<Self, Error> {
        match Self::BUILTINS.first() {
            Some(row) => Self::from_library(&row.library(), config),
            None => Self::builtin("", config),
        }
    }

    /// Constructs the row of this name that is linked into the program; see
    /// [`from_library`](Self::from_library).
    ///
    /// # Errors
    /// As `from_library`; [`Error::NoBuiltin`] when there is no such row.
    fn builtin(name: &str, config: &Config) -> Result<Self, Error> {
        let Some(row) = Self::BUILTINS.iter().find(|row| row.name == name) else {
            let names: Vec<&str> = Self::BUILTINS.iter().map(|row| row.name).collect();
            return Err(Error::NoBuiltin {
                family: Self::NAME,
                name: name.to_owned(),
                names: if names.is_empty() { "none".to_owned() } else { names.join(", ") },
            });
        };
        Self::from_library(&row.library(), config)
    }

    /// Constructs a model, runs the `initial` blocks and lets it settle with all inputs
    /// low.
    ///
    /// # Errors
    /// [`Error::Interface`] when the library has other ports or memories than this type;
    /// what `initial` blocks raised; a nul character in a plusarg.
    fn from_library(library: &Library, config: &Config) -> Result<Self, Error> {
        library.check(Self::PORTS, Self::MEMORIES)?;
        Ok(Self::wrap(Sim::new(*library, config)?))
    }

    /// The port of that name, for a stop condition.
    #[must_use]
    fn port(name: &str) -> Option<Port<Self>> {
        Self::PORTS.iter().position(|port| port.name == name).map(Port::at)
    }
}

/// A simulation: a model without the names of its ports.
pub struct Sim<M: Model> {
    // What every tick reads comes first.
    raw: NonNull<vrs_model>,
    tick: unsafe extern "C-unwind" fn(*mut vrs_model) -> u32,
    eval: unsafe extern "C-unwind" fn(*mut vrs_model) -> u32,
    places: M::Places,
    library: Library,
    capture: bool,
    output: String,
    poison: Option<String>,
}

// SAFETY: the C++ side of a model is reached through this handle alone, it is not tied
// to the thread that made it (each call makes it the current model of its thread), and
// what models share (the runtime's identifiers and seeds) is guarded there.
#[allow(unsafe_code)]
unsafe impl<M: Model> Send for Sim<M> {}

#[allow(unsafe_code)]
impl<M: Model> Sim<M> {
    fn new(library: Library, config: &Config) -> Result<Self, Error> {
        let to_c = |text: &String| {
            CString::new(text.as_str()).map_err(|_| Error::Text { text: text.clone() })
        };
        let args = config.plusargs.iter().map(to_c).collect::<Result<Vec<_>, _>>()?;
        let pointers: Vec<_> = args.iter().map(|arg| arg.as_ptr()).collect();
        let table = library.table();
        let count = (table.port_count + table.memory_count) as usize;
        let mut list = vec![std::ptr::null_mut(); count];
        let config_c = vrs_config {
            time: config.time,
            args: pointers.as_ptr(),
            arg_count: pointers.len() as i32,
            // Verilator takes seeds from 1 to 2^31 - 1, and 0 for one of its own choice.
            seed: match (config.seed & 0x7fff_ffff) as i32 {
                0 => 0x5eed,
                seed => seed,
            },
            reset: config.x_init as i32,
            assertions: i32::from(config.assertions),
        };
        // SAFETY: the configuration outlives the call, and the list is as long as the table
        // says.
        let raw = unsafe { (table.create)(&raw const config_c, list.as_mut_ptr()) };
        let widths = library.raw_ports().iter().map(|port| port.width as usize);
        let sizes = widths.chain(library.memories().iter().map(|it| it.words as usize));
        let places = list.into_iter().zip(sizes).map(|(at, size)| Place { at: at.cast(), size });
        let places = M::Places::try_from(places.collect()).ok();
        let mut sim = Self {
            raw: NonNull::new(raw).expect("the shim always gives a model back"),
            tick: table.tick,
            eval: table.eval,
            places: places.expect("the interface has been checked"),
            library,
            capture: config.capture_output,
            output: String::new(),
            poison: None,
        };
        sim.settle(sim.flags())?;
        Ok(sim)
    }

    fn table(&self) -> &'static vrs_table {
        self.library.table()
    }

    /// For generated code.
    #[doc(hidden)]
    #[inline]
    pub fn places(&self) -> &M::Places {
        &self.places
    }

    /// For generated code.
    ///
    /// # Safety
    /// They are not moved out: the addresses are those of this simulation.
    #[doc(hidden)]
    #[inline]
    pub unsafe fn places_mut(&mut self) -> &mut M::Places {
        &mut self.places
    }

    fn raw(&self) -> *mut vrs_model {
        self.raw.as_ptr()
    }

    /// The value of a port as it is.
    #[must_use]
    pub fn bits(&self, port: Port<M>) -> Bits<'_> {
        // SAFETY: the index is that of a port, and nobody writes during `&self`.
        unsafe { self.places.as_ref()[port.index].bits() }
    }

    /// The compiled model that this is one of.
    #[must_use]
    pub fn library(&self) -> Library {
        self.library
    }

    /// Lets the model settle after a change of inputs other than by the clock, and moves
    /// the time on by one unit. Not needed before [`tick`](Self::tick); of use to read outputs
    /// that depend on inputs without a register between, and for inputs that are to change more
    /// than once between two ticks. More than four evaluations delay the next tick's edges.
    ///
    /// # Errors
    /// What the RTL raised; [`Error::Finished`] after `$finish`; [`Error::Poisoned`].
    #[inline]
    pub fn eval(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is alive and `&mut self` makes this its only call.
        let flags = unsafe { (self.eval)(self.raw()) };
        if flags == 0 { Ok(()) } else { self.settle(flags) }
    }

    /// As [`eval`](Self::eval), at this time. Edges of the next tick come later.
    ///
    /// # Errors
    /// As `eval`; [`Error::Time`] when the time is over.
    pub fn eval_at(&mut self, time: u64) -> Result<(), Error> {
        let now = self.time();
        if time <= now {
            return Err(Error::Time { asked: time, now });
        }
        // SAFETY: the handle is alive and `&mut self` makes this its only call.
        let flags = unsafe { (self.table().eval_at)(self.raw(), time) };
        if flags == 0 { Ok(()) } else { self.settle(flags) }
    }

    /// Drives any number of clocks up to and including a time, with the other inputs as they are:
    /// each edge is an evaluation at its time. Inputs settle before the first edge, at the next
    /// unit of time where that is free.
    ///
    /// # Errors
    /// As [`eval`](Self::eval).
    ///
    /// # Panics
    /// When a port is no input of 1 bit, or a period is below 2.
    pub fn run_clocks(&mut self, clocks: &[Clock<M>], until: u64) -> Result<(), Error> {
        for clock in clocks {
            let port = &self.library.raw_ports()[clock.port.index];
            let fits = (port.width, port.input) == (1, 1) && clock.period >= 2;
            assert!(
                fits,
                "port `{}` cannot be a clock of period {}",
                text(port.name),
                clock.period
            );
        }
        let mut settled = false;
        while let Some(mut next) = clocks.iter().map(|clock| clock.after(self.time()).0).min()
            && next <= until
        {
            if !settled && next > self.time() + 1 {
                next = self.time() + 1;
            }
            settled = true;
            for clock in clocks {
                let at = self.places.as_ref()[clock.port.index].at.cast::<u8>();
                // SAFETY: the storage of an input of one bit of this model.
                unsafe { *at = clock.after(next).1.into() };
            }
            self.eval_at(next)?;
        }
        Ok(())
    }

    /// Runs one clock cycle: the clock falls and the inputs set before settle, then the
    /// clock rises and samples them. It stays high until the next tick. The tick in
    /// which `$finish` runs is `Ok`, the next is not.
    ///
    /// # Errors
    /// What the RTL raised; [`Error::Finished`] after `$finish`; [`Error::Poisoned`];
    /// [`Error::NoClock`].
    #[inline]
    pub fn tick(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is alive and `&mut self` makes this its only call.
        let flags = unsafe { (self.tick)(self.raw()) };
        if flags == 0 { Ok(()) } else { self.settle(flags) }
    }

    /// Runs up to `cycles` clock cycles in one call, with the inputs as they are, until
    /// the condition comes true or the RTL runs `$finish`.
    ///
    /// # Errors
    /// As [`tick`](Self::tick); the cycle with the error is the last one run.
    pub fn run_cycles(&mut self, cycles: u64, stop: Stop<M>) -> Result<Ran, Error> {
        self.batch(cycles, stop, std::ptr::null_mut()).map(|(ran, _)| ran)
    }

    /// As [`run_cycles`](Self::run_cycles), with a memory that the model reads.
    ///
    /// # Errors
    /// As [`tick`](Self::tick); the cycle with the error is the last one run.
    ///
    /// # Panics
    /// When a port has not the width or direction that [`ReadPorts`] says.
    pub fn run_reads(
        &mut self,
        cycles: u64,
        stop: Stop<M>,
        ports: &ReadPorts<M>,
        memory: &mut Reads<'_>,
    ) -> Result<Ran, Error> {
        let beat = self.library.raw_ports()[ports.data.index].width / 32;
        let place = |port: Port<M>, input: bool, width: u32| {
            let raw = &self.library.raw_ports()[port.index];
            assert!(
                (raw.width, raw.input != 0) == (width, input),
                "port `{}` cannot be one of ReadPorts",
                text(raw.name)
            );
            self.places.as_ref()[port.index].at
        };
        assert!(beat == 1 || beat > 2, "data of 32 bits, or of a multiple above 64");
        let mut reads = vrs_reads {
            request: place(ports.request, false, 1).cast(),
            address: place(ports.address, false, 32).cast(),
            valid: place(ports.valid, true, 1).cast(),
            fault: place(ports.fault, true, 1).cast(),
            data: place(ports.data, true, 32 * beat).cast(),
            words: memory.words.as_ptr(),
            word_count: memory.words.len() as u64,
            beat,
            // No beat has this number: addresses have 32 bits.
            bad_beat: memory.bad.map_or(u32::MAX, |bad| bad / (4 * beat)),
            pending: u32::from(memory.pending.is_some()),
            pending_address: memory.pending.unwrap_or(0),
            answered: 0,
        };
        let (ran, answered) = self.batch(cycles, stop, &raw mut reads)?;
        memory.pending = (reads.pending != 0).then_some(reads.pending_address);
        memory.answered = answered;
        Ok(ran)
    }

    /// A batch, and the number of its cycle with the last answer to a read. The reads are null, or
    /// their ports are storage of this model, of the right widths, and their words outlive the call.
    fn batch(
        &mut self,
        cycles: u64,
        stop: Stop<M>,
        reads: *mut vrs_reads,
    ) -> Result<(Ran, u64), Error> {
        let port = stop.port.map(|port| &self.places.as_ref()[port.index]);
        let bytes = port.map_or(1, |port| port.size.div_ceil(8));
        let stop = vrs_stop {
            port: port.map_or(std::ptr::null(), |port| port.at.cast()),
            mask: stop.mask,
            value: stop.value,
            bytes: bytes.next_power_of_two() as u32,
            equal: u32::from(stop.equal),
        };
        let (mut done, mut answered) = (0, 0);
        let ended = loop {
            let (mut ran, mut hit, mut answer) = (0, 0, 0);
            // SAFETY: the handle is alive; the condition's port, if any, is storage of this
            // model, and so are those of the reads.
            let flags = unsafe {
                (self.table().run)(
                    self.raw(),
                    cycles - done,
                    &raw const stop,
                    reads,
                    &raw mut ran,
                    &raw mut hit,
                )
            };
            // SAFETY: as above.
            if let Some(reads) = unsafe { reads.as_mut() } {
                answer = std::mem::take(&mut reads.answered);
            }
            if answer != 0 {
                answered = done + answer;
            }
            done += ran;
            if flags != 0 {
                self.settle(flags)?;
            }
            if hit != 0 {
                break Ended::Stop;
            } else if flags & ffi::FINISHED != 0 {
                break Ended::Finish;
            } else if done == cycles {
                break Ended::Count;
            }
        };
        Ok((Ran { cycles: done, ended }, answered))
    }

    /// Runs until the condition comes true or the RTL runs `$finish`, under a watchdog:
    /// it is an error when neither happens in `max_cycles` cycles.
    ///
    /// # Errors
    /// [`Error::Watchdog`], and as [`tick`](Self::tick).
    pub fn run_until(&mut self, stop: Stop<M>, max_cycles: u64) -> Result<Ran, Error> {
        let ran = self.run_cycles(max_cycles, stop)?;
        if ran.ended == Ended::Count {
            return Err(Error::Watchdog { cycles: ran.cycles, time: self.time() });
        }
        Ok(ran)
    }

    /// Simulated time in units of the model's time precision.
    #[must_use]
    pub fn time(&self) -> u64 {
        // SAFETY: the handle is alive.
        unsafe { (self.table().time)(self.raw()) }
    }

    /// Clock cycles run since construction.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        // SAFETY: the handle is alive.
        unsafe { (self.table().cycles)(self.raw()) }
    }

    /// Whether the RTL has run `$finish`, or the final blocks have run.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.flags() & ffi::FINISHED != 0
    }

    fn flags(&self) -> u32 {
        // SAFETY: the handle is alive.
        unsafe { (self.table().flags)(self.raw()) }
    }

    /// Runs the `final` blocks. Dropping a model does so too, but has nobody to give
    /// their errors to. The model has finished then.
    ///
    /// # Errors
    /// What the `final` blocks raised; [`Error::Finished`] when they have run before;
    /// [`Error::Poisoned`].
    pub fn finalize(&mut self) -> Result<(), Error> {
        if self.flags() & ffi::POISONED != 0 {
            return self.settle(ffi::REFUSED);
        }
        if self.flags() & ffi::FINALIZED != 0 {
            return Err(Error::Finished);
        }
        // SAFETY: the handle is alive.
        unsafe { (self.table().finalize)(self.raw()) };
        self.settle(self.flags())
    }

    /// The text that `$display` and the like have printed since the last call, when the
    /// model was constructed with [`Config::capture_output`]; otherwise an unfinished
    /// last line at most, for whole lines are printed.
    #[must_use]
    pub fn take_output(&mut self) -> String {
        if self.flags() & ffi::OUTPUT != 0 {
            // Text that cannot be printed has no other place to go to.
            let _ = self.drain();
        }
        std::mem::take(&mut self.output)
    }

    /// Opens a waveform file of the format the model was built with, in place of one
    /// that is open, and dumps the state as it is. From then on every evaluation is
    /// dumped. The file is complete once closed, which dropping the model does as well.
    ///
    /// # Errors
    /// [`Error::Trace`] when the model was built without a trace or the file cannot be
    /// created.
    pub fn open_trace(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let fail = |reason: String| Error::Trace { path: path.to_owned(), reason };
        self.able("trace", self.library.traced()).map_err(fail)?;
        let text = path.to_str().ok_or_else(|| fail("the path is not UTF-8".to_owned()))?;
        let text = CString::new(text).map_err(|error| fail(error.to_string()))?;
        // Verilator does not tell why a file cannot be opened, and its FST writer does not notice
        // at all.
        File::create(path).map_err(|error| fail(error.to_string()))?;
        // SAFETY: the handle is alive and the path is a C string.
        let status = unsafe { (self.table().trace_open)(self.raw(), text.as_ptr()) };
        self.settle(self.flags())?;
        if status == 0 { Ok(()) } else { Err(fail("Verilator cannot open it".to_owned())) }
    }

    /// Goes on dumping into the open file after [`stop_trace`](Self::stop_trace).
    pub fn start_trace(&mut self) {
        // SAFETY: the handle is alive.
        unsafe { (self.table().trace_enable)(self.raw(), 1) }
    }

    /// Stops dumping; the file stays open.
    pub fn stop_trace(&mut self) {
        // SAFETY: the handle is alive.
        unsafe { (self.table().trace_enable)(self.raw(), 0) }
    }

    /// Writes what has been dumped so far to the file.
    ///
    /// # Errors
    /// [`Error::Fatal`] from Verilator's writer.
    pub fn flush_trace(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is alive.
        unsafe { (self.table().trace_flush)(self.raw()) };
        self.settle(self.flags())
    }

    /// Completes and closes the waveform file; nothing happens when none is open.
    ///
    /// # Errors
    /// [`Error::Fatal`] from Verilator's writer.
    pub fn close_trace(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is alive.
        unsafe { (self.table().trace_close)(self.raw()) };
        self.settle(self.flags())
    }

    /// Writes this model's coverage counts since construction to a file, in the format
    /// of `verilator_coverage`.
    ///
    /// # Errors
    /// [`Error::Coverage`] when the model was built without coverage or the file cannot
    /// be written.
    pub fn write_coverage(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let fail = |reason: String| Error::Coverage { path: path.to_owned(), reason };
        self.able("coverage", self.library.covered()).map_err(fail)?;
        // Verilator does not look whether the disk is full: it writes into a pipe.
        let mut counts = Vec::new();
        let piped = std::io::pipe().and_then(|(mut reader, writer)| {
            let path = CString::new(format!("/dev/fd/{}", writer.as_raw_fd()))?;
            std::thread::scope(|scope| {
                let read = scope.spawn(|| reader.read_to_end(&mut counts));
                // SAFETY: the handle is alive and the path is a C string.
                unsafe { (self.table().coverage_write)(self.raw(), path.as_ptr()) };
                drop(writer);
                read.join().expect("a read does not panic")
            })
        });
        self.settle(self.flags())?;
        piped.and_then(|_| std::fs::write(path, counts)).map_err(|error| fail(error.to_string()))
    }

    fn able(&self, what: &str, able: bool) -> Result<(), String> {
        let (name, a) = (self.library.name(), if what == "trace" { "a " } else { "" });
        let text = || {
            format!("model `{name}` is built without {a}{what}: use Verilate::{what} in build.rs")
        };
        if able { Ok(()) } else { Err(text()) }
    }

    /// Sees to the status of a call that is not zero.
    #[cold]
    fn settle(&mut self, flags: u32) -> Result<(), Error> {
        let printed = if flags & ffi::OUTPUT != 0 { self.drain() } else { Ok(()) };
        if flags & ffi::NO_CLOCK != 0 {
            return Err(Error::NoClock { model: self.library.name() });
        }
        if flags & ffi::REFUSED != 0 {
            return Err(if self.flags() & ffi::POISONED != 0 {
                // A panic has gone past this function.
                self.take_error();
                Error::Poisoned { message: self.poison.clone().unwrap_or_default() }
            } else {
                Error::Finished
            });
        }
        let error = if flags & ffi::ERROR != 0 { self.take_error() } else { None };
        error.map_or(printed, Err)
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
        if unsafe { (self.table().take_error)(self.raw(), &raw mut raw) } == 0 {
            return None;
        }
        // SAFETY: the shim gave a pointer and length that stay good until the next call.
        let text = unsafe { text_of(raw.text.cast(), raw.text_len) };
        // SAFETY: a nul-terminated string, as good as the text.
        let file = unsafe { CStr::from_ptr(raw.file) }.to_string_lossy().into_owned();
        if raw.kind == ffi::KIND_FILE {
            let folder = std::env::current_dir().unwrap_or_default();
            return Some(Error::NoMemoryFile { file, folder, time: raw.time });
        }
        if raw.kind == ffi::KIND_FATAL {
            self.poison = Some(text.clone());
            let (message, line, time) = (text, raw.line, raw.time);
            return Some(if message.contains("did not converge") {
                Error::NotConverged { message, file, line, time }
            } else {
                Error::Fatal { message, file, line, time }
            });
        }
        let mut places = self.library.places().iter();
        let known = places.find(|it| it.line == raw.line && self::text(it.file) == file);
        let known = known.and_then(|it| RtlKind::from_number(it.kind));
        let (kind, message, scope) = crate::error::parse(&text, known);
        Some(Error::Rtl { kind, message, file, line: raw.line, scope, time: raw.time })
    }

    fn drain(&mut self) -> Result<(), Error> {
        let mut len = 0;
        // SAFETY: the handle is alive; the text stays good until the next call.
        let text = unsafe {
            let pointer = (self.table().take_output)(self.raw(), &raw mut len);
            text_of(pointer.cast(), len)
        };
        self.output.push_str(&text);
        if !self.capture
            && let Some(end) = self.output.rfind('\n')
        {
            let rest = self.output.split_off(end + 1);
            return print(&std::mem::replace(&mut self.output, rest));
        }
        Ok(())
    }
}

/// Prints with `print!`, for the sake of `cargo test`, but without its panic.
fn print(text: &str) -> Result<(), Error> {
    struct Text<'a>(&'a str, Cell<bool>);
    impl std::fmt::Display for Text<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.1.set(f.write_str(self.0).is_ok());
            Ok(())
        }
    }
    let text = Text(text, Cell::new(true));
    print!("{text}");
    if text.1.get() { Ok(()) } else { Err(Error::Output) }
}

#[allow(unsafe_code)]
impl<M: Model> Drop for Sim<M> {
    fn drop(&mut self) {
        if self.flags() & (ffi::POISONED | ffi::FINISHED) == 0 {
            // Final blocks may print; their errors have nobody left to go to.
            let _ = self.finalize();
        }
        if !self.capture {
            let rest = self.take_output();
            if !rest.is_empty() {
                let _ = print(&(rest + "\n"));
            }
        }
        // SAFETY: the handle is alive, and this is its end.
        unsafe { (self.table().destroy)(self.raw()) };
    }
}

impl<M: Model> std::fmt::Debug for Sim<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct(M::NAME)
            .field("row", &self.library.name())
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

/// For generated code: what every type of a family has, the functions of [`Model`] among it.
#[doc(hidden)]
#[macro_export]
macro_rules! __model {
    ($model:ty) => {
        impl ::std::ops::Deref for $model {
            type Target = $crate::Sim<Self>;
            #[inline]
            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }
        impl ::std::ops::DerefMut for $model {
            #[inline]
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }
        impl $model {
            /// See [`verilated::Model::PORTS`]($crate::Model::PORTS).
            pub const PORTS: &'static [$crate::PortInfo] = <Self as $crate::Model>::PORTS;
            /// See [`verilated::Model::BUILTINS`]($crate::Model::BUILTINS).
            pub const BUILTINS: &'static [$crate::Builtin] = <Self as $crate::Model>::BUILTINS;
            /// See [`verilated::Model::new`]($crate::Model::new).
            pub fn new(config: &$crate::Config) -> ::std::result::Result<Self, $crate::Error> {
                <Self as $crate::Model>::new(config)
            }
            /// See [`verilated::Model::builtin`]($crate::Model::builtin).
            pub fn builtin(
                name: &::std::primitive::str,
                config: &$crate::Config,
            ) -> ::std::result::Result<Self, $crate::Error> {
                <Self as $crate::Model>::builtin(name, config)
            }
            /// See [`verilated::Model::from_library`]($crate::Model::from_library).
            pub fn from_library(
                library: &$crate::Library,
                config: &$crate::Config,
            ) -> ::std::result::Result<Self, $crate::Error> {
                <Self as $crate::Model>::from_library(library, config)
            }
            /// See [`verilated::Model::port`]($crate::Model::port).
            pub fn port(name: &::std::primitive::str) -> ::std::option::Option<$crate::Port<Self>> {
                <Self as $crate::Model>::port(name)
            }
        }
    };
}
