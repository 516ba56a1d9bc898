//! Drives the hardware and holds it to the models.

pub mod torture;
