//! The golden model as an engine.

use super::{Convolved, Engine, EngineError};
use model::conv::{FeatureMap, Kernel, Plane, PreparedPlane, Semantics, conv2d_prepared};

/// The fast golden model; one plane is prepared once for all kernels.
#[derive(Debug, Default)]
pub struct GoldenEngine {
    plane: Option<Plane>,
    prepared: Option<PreparedPlane>,
}

impl Engine for GoldenEngine {
    fn set_plane(&mut self, plane: &Plane) {
        self.plane = Some(plane.clone());
        self.prepared = None;
    }

    fn convolve(
        &mut self,
        kernel: &Kernel,
        semantics: &Semantics,
        carry: Option<&FeatureMap>,
    ) -> Result<Convolved, EngineError> {
        let plane = self.plane.as_ref().expect("set_plane comes before convolve");
        if self.prepared.as_ref().is_none_or(|it| it.log_frac() != semantics.log_frac) {
            self.prepared = None;
        }
        let prepared =
            self.prepared.get_or_insert_with(|| PreparedPlane::new(plane, semantics.log_frac));
        let map = conv2d_prepared(prepared, kernel, semantics, carry);
        Ok(Convolved { map, windows: Vec::new() })
    }
}
