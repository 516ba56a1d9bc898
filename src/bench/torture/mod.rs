//! Random programs on the system, beside the reference.

mod campaign;
mod follow_up;
mod run;

pub use campaign::{Campaign, Findings};
pub use follow_up::{FollowUp, FollowUpError, follow_up, shrink_mismatch};
pub use run::{MAX_CYCLES, Outcome, TortureError, case, run};
