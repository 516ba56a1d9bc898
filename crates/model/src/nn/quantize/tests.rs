use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::nn::Tensor;

fn network(activation: &str) -> Network {
    let path = format!("../../testvectors/networks/lenet5_{activation}.json");
    Network::read(Path::new(&path)).unwrap()
}

/// LeNet-5 with weights that `value` gives for tensor, output and place.
fn weights(network: &Network, mut value: impl FnMut(usize, usize) -> f32) -> Weights {
    let mut tensors = BTreeMap::new();
    let shapes = network.shapes().unwrap();
    for (layer, shapes) in network.layers.iter().zip(shapes.windows(2)) {
        let shape = match layer.kind {
            LayerKind::Convolution { outputs, side, .. } => {
                vec![outputs, shapes[0].channels, side, side]
            }
            LayerKind::Dense { outputs, .. } => vec![outputs, shapes[0].len()],
            LayerKind::AveragePool { .. } => continue,
        };
        let fan_in: usize = shape[1..].iter().product();
        let data = (0..shape[0] * fan_in).map(|i| value(i / fan_in, i % fan_in)).collect();
        let bias = (0..shape[0]).map(|o| value(o, fan_in)).collect();
        let name = layer.name.to_lowercase();
        let outputs = shape[0];
        tensors.insert(format!("{name}.weight"), Tensor { shape, data });
        tensors.insert(format!("{name}.bias"), Tensor { shape: vec![outputs], data: bias });
    }
    Weights::new(tensors)
}

#[test]
fn every_layer_with_weights_has_a_proof_and_uses_its_bits() {
    for activation in ["relu", "tanh"] {
        let network = network(activation);
        let weights = weights(&network, |o, i| ((o * 31 + i * 17) % 41) as f32 / 400.0 - 0.05);
        let integer = IntegerNetwork::new(&network, &weights).unwrap();
        let names: Vec<&str> = integer.proof.iter().map(|it| it.layer.as_str()).collect();
        assert_eq!(names, ["C1", "C3", "C5", "F6", "output"]);
        for proof in &integer.proof {
            assert!(proof.sum_bound <= i64::from(i32::MAX), "{proof:?}");
            // One bit more would overflow the sum or the weights.
            let largest = (0.05 * 2.0_f64.powi(proof.weight_shift)).round();
            assert!(
                proof.sum_bound > i64::from(i32::MAX) / 4 || largest > 8191.0,
                "{proof:?} wastes bits"
            );
        }
    }
}

#[test]
fn a_network_that_cannot_be_made_safe_is_refused() {
    let network = network("relu");
    let weights = weights(&network, |_, _| 1e8);
    let error = IntegerNetwork::new(&network, &weights).unwrap_err();
    assert!(matches!(error, NetworkError::Overflow { .. }), "{error}");
    assert!(error.to_string().contains("layer "), "{error}");
}

#[test]
fn missing_and_misshapen_tensors_are_named() {
    let network = network("tanh");
    let good = weights(&network, |_, _| 0.1);
    let mut tensors = good.tensors().clone();
    tensors.remove("c3.bias");
    let error = IntegerNetwork::new(&network, &Weights::new(tensors.clone())).unwrap_err();
    assert!(error.to_string().contains("no tensor \"c3.bias\""), "{error}");
    tensors.insert("c3.bias".to_owned(), Tensor { shape: vec![15], data: vec![0.0; 15] });
    let error = IntegerNetwork::new(&network, &Weights::new(tensors)).unwrap_err();
    assert!(error.to_string().contains("has the shape [15]; the network needs [16]"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Sums of extreme inputs stay inside the proven bound, computed in 64 bits.
    #[test]
    fn no_sum_leaves_the_bound(seed in any::<u64>(), scale in 0.01_f32..2.0) {
        use rand::{Rng, SeedableRng};
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let network = network("relu");
        let weights = weights(&network, |_, _| random.random_range(-scale..scale));
        let integer = IntegerNetwork::new(&network, &weights).unwrap();
        let mut proofs = integer.proof.iter();
        for layer in &integer.layers {
            let (rows, bias): (Vec<Vec<i32>>, _) = match layer {
                IntegerLayer::Convolution(it) => {
                    let row = |filter: &Vec<Kernel>| {
                        filter.iter().flat_map(|k| k.weights()).copied().collect()
                    };
                    (it.filters.iter().map(row).collect(), &it.bias)
                }
                IntegerLayer::Dense(it) => (it.weights.clone(), &it.bias),
                IntegerLayer::AveragePool(_) => continue,
            };
            let proof = proofs.next().unwrap();
            for (row, &bias) in rows.iter().zip(bias) {
                prop_assert!(row.iter().all(|w| w.abs() <= WEIGHT_LIMIT));
                let worst: i64 = row.iter().map(|&w| i64::from(w).abs() * proof.input_limit).sum();
                prop_assert!(worst + i64::from(bias).abs() <= proof.sum_bound);
            }
        }
    }
}
