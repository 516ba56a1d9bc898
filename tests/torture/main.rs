//! Random programs: what they are encoded as, that they end, what they cover, how they are shrunk,
//! and that the core agrees with its reference on them.

mod command;
mod generator;
mod shrinking;
