//! Ports as data.

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
    /// Width in bits.
    pub width: u32,
    /// Direction, seen from the model.
    pub direction: Direction,
}

/// A port of up to 64 bits of the model `M`, for stop conditions.
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
