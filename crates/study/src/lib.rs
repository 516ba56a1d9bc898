//! What is measured: images, experiments, statistics, tables and figures, on any engine.

pub mod data;
pub mod report;
pub mod statistics;
pub mod table;
pub mod tables;
