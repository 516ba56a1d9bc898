//! The paper's section V-A: 3×3 filters over MNIST images, exact and at several tolerances.

mod configuration;
mod failure;
mod filters;
mod measure;
pub mod mosaic;
mod run;
mod settings;
mod statistics;
mod summary;

pub use configuration::{Configuration, configurations};
pub use filters::{Filter, FilterError, built_in, from_file};
pub use measure::Row;
pub use run::{WindowsRun, run};
pub use settings::Settings;
pub use summary::{ALL_FILTERS, Summary};
