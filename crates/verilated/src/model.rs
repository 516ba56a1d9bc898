//! What all models have in common.

use std::path::Path;

use crate::ffi::vrs_stop;
use crate::{Config, Core, Ended, Error, Port, PortInfo, Ran, Stop};

/// What all models have in common, for code that is generic over models.
///
/// Each generated type has the same methods as its own, so that this trait need not be
/// in scope to call them. Models are `Send`, and share nothing: any number may exist,
/// one per thread or many on one.
pub trait Model: Sized + Send {
    /// The model's name, as given to `Verilate::new`.
    const NAME: &'static str;

    /// The ports, in the order of Verilator's header.
    const PORTS: &'static [PortInfo];

    /// Constructs a model, runs the `initial` blocks and lets it settle with all inputs
    /// low.
    ///
    /// # Errors
    /// What `initial` blocks raised; a nul character in a plusarg.
    fn new(config: &Config) -> Result<Self, Error>;

    /// The handle on the C++ side.
    #[doc(hidden)]
    fn core(&self) -> &Core;

    /// The handle on the C++ side.
    #[doc(hidden)]
    fn core_mut(&mut self) -> &mut Core;

    /// For generated code: storage and size in bytes of the port at an index of `PORTS`.
    #[doc(hidden)]
    fn storage(&self, index: usize) -> (*const std::ffi::c_void, u32);

    /// Lets the model settle after a change of inputs other than by the clock, and moves
    /// the time on by one unit (by no more than 4 between two ticks). Not needed
    /// before [`tick`](Self::tick); of use to read outputs that depend on inputs
    /// without a register between.
    ///
    /// # Errors
    /// What the RTL raised; [`Error::Finished`] after `$finish`; [`Error::Poisoned`].
    fn eval(&mut self) -> Result<(), Error>;

    /// Runs one clock cycle: the clock falls and the inputs set before settle, then the
    /// clock rises and samples them. It stays high until the next tick. The tick in
    /// which `$finish` runs is `Ok`, the next is not.
    ///
    /// # Errors
    /// What the RTL raised; [`Error::Finished`] after `$finish`; [`Error::Poisoned`];
    /// [`Error::NoClock`].
    fn tick(&mut self) -> Result<(), Error>;

    /// Runs up to `cycles` clock cycles in one call, with the inputs as they are, until
    /// the condition comes true or the RTL runs `$finish`.
    ///
    /// # Errors
    /// As [`tick`](Self::tick); the cycle with the error is the last one run.
    fn run_cycles(&mut self, cycles: u64, stop: Stop<Self>) -> Result<Ran, Error> {
        self.core().need_clock()?;
        let stop = raw_stop(self, stop);
        self.core_mut().run(cycles, &stop)
    }

    /// Runs until the condition comes true or the RTL runs `$finish`, under a watchdog:
    /// it is an error when neither happens in `max_cycles` cycles.
    ///
    /// # Errors
    /// [`Error::Watchdog`], and as [`tick`](Self::tick).
    fn run_until(&mut self, stop: Stop<Self>, max_cycles: u64) -> Result<Ran, Error> {
        let ran = self.run_cycles(max_cycles, stop)?;
        if ran.ended == Ended::Count {
            return Err(Error::Watchdog { cycles: ran.cycles, time: self.time() });
        }
        Ok(ran)
    }

    /// The port of that name, for a stop condition; `None` when there is none or when
    /// it is wider than 64 bits.
    #[must_use]
    fn port(name: &str) -> Option<Port<Self>> {
        let index = Self::PORTS.iter().position(|port| port.name == name)?;
        (Self::PORTS[index].width <= 64).then(|| Port::at(index))
    }

    /// Simulated time in units of the model's time precision.
    #[must_use]
    fn time(&self) -> u64 {
        self.core().time()
    }

    /// Clock cycles run since construction.
    #[must_use]
    fn cycles(&self) -> u64 {
        self.core().cycles()
    }

    /// Whether the RTL has run `$finish`, or the final blocks have run.
    #[must_use]
    fn finished(&self) -> bool {
        self.core().finished()
    }

    /// Runs the `final` blocks. Dropping a model does so too, but has nobody to give
    /// their errors to. The model has finished then.
    ///
    /// # Errors
    /// What the `final` blocks raised; [`Error::Finished`] when they have run before;
    /// [`Error::Poisoned`].
    fn finalize(&mut self) -> Result<(), Error> {
        self.core_mut().finalize()
    }

    /// Opens a waveform file of the format the model was built with, in place of one
    /// that is open, and dumps the state as it is. From then on every evaluation is
    /// dumped. The file is complete once closed, which dropping the model does as well.
    ///
    /// # Errors
    /// [`Error::Trace`] when the model was built without a trace or the file cannot be
    /// created.
    fn open_trace(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.core_mut().open_trace(path.as_ref())
    }

    /// Goes on dumping into the open file after [`stop_trace`](Self::stop_trace).
    fn start_trace(&mut self) {
        self.core_mut().enable_trace(true);
    }

    /// Stops dumping; the file stays open.
    fn stop_trace(&mut self) {
        self.core_mut().enable_trace(false);
    }

    /// Writes what has been dumped so far to the file.
    ///
    /// # Errors
    /// [`Error::Fatal`] from Verilator's writer.
    fn flush_trace(&mut self) -> Result<(), Error> {
        self.core_mut().flush_trace()
    }

    /// Completes and closes the waveform file; nothing happens when none is open.
    ///
    /// # Errors
    /// [`Error::Fatal`] from Verilator's writer.
    fn close_trace(&mut self) -> Result<(), Error> {
        self.core_mut().close_trace()
    }

    /// Writes this model's coverage counts since construction to a file, in the format
    /// of `verilator_coverage`.
    ///
    /// # Errors
    /// [`Error::Coverage`] when the model was built without coverage or the file cannot
    /// be written.
    fn write_coverage(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.core_mut().write_coverage(path.as_ref())
    }

    /// The text that `$display` and the like have printed since the last call, when the
    /// model was constructed with [`Config::capture_output`]; otherwise an unfinished
    /// last line at most, for whole lines are printed.
    #[must_use]
    fn take_output(&mut self) -> String {
        self.core_mut().take_output()
    }
}

fn raw_stop<M: Model>(model: &M, stop: Stop<M>) -> vrs_stop {
    let Some(watch) = stop.watch else {
        return vrs_stop { port: std::ptr::null(), mask: 0, value: 0, bytes: 1, equal: 0 };
    };
    let (port, bytes) = model.storage(watch.port.index);
    vrs_stop { port, mask: watch.mask, value: watch.value, bytes, equal: u32::from(watch.equal) }
}

/// For generated code: the methods of [`Model`] as a type's own.
#[doc(hidden)]
#[macro_export]
macro_rules! __model_methods {
    ($model:ty) => {
        impl $model {
            /// See [`verilated::Model::new`]($crate::Model::new).
            ///
            /// # Errors
            /// What `initial` blocks raised; a nul character in a plusarg.
            pub fn new(config: &$crate::Config) -> Result<Self, $crate::Error> {
                <Self as $crate::Model>::new(config)
            }
            /// See [`verilated::Model::run_cycles`]($crate::Model::run_cycles).
            ///
            /// # Errors
            /// As `tick`.
            pub fn run_cycles(
                &mut self,
                cycles: u64,
                stop: $crate::Stop<Self>,
            ) -> Result<$crate::Ran, $crate::Error> {
                <Self as $crate::Model>::run_cycles(self, cycles, stop)
            }
            /// See [`verilated::Model::run_until`]($crate::Model::run_until).
            ///
            /// # Errors
            /// The watchdog's, and as `tick`.
            pub fn run_until(
                &mut self,
                stop: $crate::Stop<Self>,
                max_cycles: u64,
            ) -> Result<$crate::Ran, $crate::Error> {
                <Self as $crate::Model>::run_until(self, stop, max_cycles)
            }
            /// See [`verilated::Model::port`]($crate::Model::port).
            #[must_use]
            pub fn port(name: &str) -> Option<$crate::Port<Self>> {
                <Self as $crate::Model>::port(name)
            }
            /// Simulated time in units of the model's time precision.
            #[must_use]
            pub fn time(&self) -> u64 {
                <Self as $crate::Model>::time(self)
            }
            /// Clock cycles run since construction.
            #[must_use]
            pub fn cycles(&self) -> u64 {
                <Self as $crate::Model>::cycles(self)
            }
            /// Whether the RTL has run `$finish`, or the final blocks have run.
            #[must_use]
            pub fn finished(&self) -> bool {
                <Self as $crate::Model>::finished(self)
            }
            /// See [`verilated::Model::finalize`]($crate::Model::finalize).
            ///
            /// # Errors
            /// What the `final` blocks raised.
            pub fn finalize(&mut self) -> Result<(), $crate::Error> {
                <Self as $crate::Model>::finalize(self)
            }
            /// See [`verilated::Model::open_trace`]($crate::Model::open_trace).
            ///
            /// # Errors
            /// `Error::Trace`.
            pub fn open_trace(
                &mut self,
                path: impl AsRef<::std::path::Path>,
            ) -> Result<(), $crate::Error> {
                <Self as $crate::Model>::open_trace(self, path)
            }
            /// Goes on dumping into the open file.
            pub fn start_trace(&mut self) {
                <Self as $crate::Model>::start_trace(self);
            }
            /// Stops dumping; the file stays open.
            pub fn stop_trace(&mut self) {
                <Self as $crate::Model>::stop_trace(self);
            }
            /// Writes what has been dumped so far to the file.
            ///
            /// # Errors
            /// `Error::Fatal` from Verilator's writer.
            pub fn flush_trace(&mut self) -> Result<(), $crate::Error> {
                <Self as $crate::Model>::flush_trace(self)
            }
            /// Completes and closes the waveform file.
            ///
            /// # Errors
            /// `Error::Fatal` from Verilator's writer.
            pub fn close_trace(&mut self) -> Result<(), $crate::Error> {
                <Self as $crate::Model>::close_trace(self)
            }
            /// Writes this model's coverage counts to a file.
            ///
            /// # Errors
            /// `Error::Coverage`.
            pub fn write_coverage(
                &mut self,
                path: impl AsRef<::std::path::Path>,
            ) -> Result<(), $crate::Error> {
                <Self as $crate::Model>::write_coverage(self, path)
            }
            /// See [`verilated::Model::take_output`]($crate::Model::take_output).
            #[must_use]
            pub fn take_output(&mut self) -> String {
                <Self as $crate::Model>::take_output(self)
            }
        }
    };
}
