//! What runs the convolutions of an experiment.

/// What runs the convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EngineChoice {
    /// The golden software model
    Golden,
    /// The unit's RTL, every window compared with the golden model
    Rtl,
}
