//! The golden model of a layer.

use rayon::prelude::*;

use super::{LayerBatch, LayerError, LayerMaps, Shape};
use model::conv::{FeatureMap, Plane, PreparedKernels, PreparedPlane, conv2d_layer, dot_kernels};

/// Every map of the layer by the fast golden model, the images on the current rayon pool.
///
/// In running scope S_max goes from each input channel to the next of the same output channel.
pub fn golden_layer(batch: &LayerBatch) -> Result<LayerMaps, LayerError> {
    let shape = Shape::of(batch)?;
    let semantics = &batch.semantics;
    if (shape.width, shape.height) != (1, 1) {
        let image = |planes: &Vec<Plane>| {
            let prepared: Vec<_> =
                planes.iter().map(|it| PreparedPlane::new(it, semantics.log_frac)).collect();
            conv2d_layer(&prepared, batch.filters, semantics)
        };
        return Ok(LayerMaps(batch.planes.par_iter().map(image).collect()));
    }

    // One window an image and channel: the output channels are the many.
    let kernels = (0..shape.channels).map(|channel| {
        let kernels: Vec<_> = batch.filters.iter().map(|it| it[channel].clone()).collect();
        PreparedKernels::new(&kernels, semantics.log_frac)
    });
    let kernels: Vec<PreparedKernels> = kernels.collect::<Result<_, _>>()?;
    let image = |planes: &Vec<Plane>| {
        let mut maps = vec![Vec::with_capacity(shape.channels); shape.outputs];
        let mut carry: Option<FeatureMap> = None;
        for (plane, kernels) in planes.iter().zip(&kernels) {
            let row = dot_kernels(kernels, plane.data(), semantics, carry.as_ref());
            for (output, maps) in maps.iter_mut().enumerate() {
                let (sum, kept) = (vec![row.outputs[output]], vec![row.kept[output]]);
                let s_max = [row.s_max(output)];
                maps.push(FeatureMap::from_parts(1, 1, sum, kept, &s_max, shape.side));
            }
            carry = Some(row);
        }
        maps
    };
    Ok(LayerMaps(batch.planes.par_iter().map(image).collect()))
}
