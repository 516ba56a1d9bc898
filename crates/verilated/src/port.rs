// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ports as data, and the stop conditions on them.

use std::marker::PhantomData;

/// Direction of a port, seen from the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Driven by Rust.
    Input,
    /// Driven by the model.
    Output,
}

/// A port of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortInfo {
    /// Name in the RTL.
    pub name: &'static str,
    /// Width in bits; 0 in the list of a family whose rows have different widths.
    pub width: u32,
    /// Direction, seen from the model.
    pub direction: Direction,
}

/// A port of the model `M`, for stop conditions. Of a port wider than 64 bits the lowest 64
/// count.
///
/// Each model has one constant of this type a port, named as the port in upper case.
pub struct Port<M> {
    pub(crate) index: usize,
    model: PhantomData<fn(&M)>,
}

impl<M> Port<M> {
    /// For generated code: the port at this index of the model's port table.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(index: usize) -> Self {
        Self { index, model: PhantomData }
    }
}

impl<M> Clone for Port<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Port<M> {}

impl<M> std::fmt::Debug for Port<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port").field("index", &self.index).finish()
    }
}

/// When [`Sim::run_cycles`](crate::Sim::run_cycles) and
/// [`Sim::run_until`](crate::Sim::run_until) end ahead of their count.
///
/// A condition is looked at after each cycle, so that at least one is run.
#[derive(Debug)]
pub struct Stop<M> {
    pub(crate) watch: Option<Watch<M>>,
}

#[derive(Debug)]
pub(crate) struct Watch<M> {
    pub(crate) port: Port<M>,
    pub(crate) mask: u64,
    pub(crate) value: u64,
    pub(crate) equal: bool,
}

impl<M> Clone for Watch<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Watch<M> {}

impl<M> Clone for Stop<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Stop<M> {}

impl<M> Stop<M> {
    /// No condition: the count alone ends the run.
    #[must_use]
    pub const fn never() -> Self {
        Self { watch: None }
    }

    /// Stops when the port has this value.
    #[must_use]
    pub const fn equal(port: Port<M>, value: u64) -> Self {
        Self::on(port, u64::MAX, value, true)
    }

    /// Stops when the port has another value than this.
    #[must_use]
    pub const fn not_equal(port: Port<M>, value: u64) -> Self {
        Self::on(port, u64::MAX, value, false)
    }

    /// Stops when the bits of the port under the mask have this value. Bits of the
    /// value outside of the mask are not looked at.
    #[must_use]
    pub const fn masked(port: Port<M>, mask: u64, value: u64) -> Self {
        Self::on(port, mask, value & mask, true)
    }

    const fn on(port: Port<M>, mask: u64, value: u64, equal: bool) -> Self {
        Self { watch: Some(Watch { port, mask, value, equal }) }
    }
}

/// The ports by which a model reads a memory, for [`Sim::run_reads`](crate::Sim::run_reads).
///
/// A request is a cycle with `request` high, for the beat at `address`, in bytes; it is granted
/// at once. The answer comes in the next cycle: `valid` is high, and `data` holds the beat, or
/// `fault` is high.
#[derive(Debug)]
pub struct ReadPorts<M> {
    /// Output of 1 bit.
    pub request: Port<M>,
    /// Output of 32 bits.
    pub address: Port<M>,
    /// Input of 1 bit.
    pub valid: Port<M>,
    /// Input of 1 bit.
    pub fault: Port<M>,
    /// Input of 32 bits, or of a multiple of that above 64.
    pub data: Port<M>,
}

/// A memory that a model reads during a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reads<'a> {
    /// The words from address 0 on. A beat that is not within them is answered with a fault.
    pub words: &'a [u32],
    /// The address of a byte whose beat is answered with a fault.
    pub bad: Option<u32>,
    /// The request of the cycle before, and after a batch that of its last cycle.
    pub pending: Option<u32>,
    /// After a batch: the number of its cycle with the last answer, from 1; 0 without one.
    pub answered: u64,
}

/// Why a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The stop condition came true.
    Stop,
    /// The RTL ran `$finish`.
    Finish,
    /// All cycles have been run.
    Count,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ran {
    /// Cycles run by the call, the one that ended it included.
    pub cycles: u64,
    /// Why it ended.
    pub ended: Ended,
}
