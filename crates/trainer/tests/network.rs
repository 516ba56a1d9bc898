// SPDX-License-Identifier: MIT OR Apache-2.0
//! Descriptions of networks: sizes, and what is wrong with them.

use convapprox_trainer::DescriptionError;
use convapprox_trainer::network::{Network, exact_macs, stages};

fn network(layers: &str) -> Network {
    let text = format!(
        r#"{{ "name": "n", "input": {{ "channels": 1, "height": 28, "width": 28, "padding": 2 }},
              "activation_bits": 12, "layers": [{layers}] }}"#
    );
    serde_json::from_str(&text).unwrap()
}

const C1: &str =
    r#"{ "name": "C1", "kind": "convolution", "outputs": 6, "side": 5, "activation": "relu" }"#;
const POOL: &str = r#"{ "name": "S2", "kind": "average-pool", "side": 2 }"#;
const OUTPUT: &str = r#"{ "name": "output", "kind": "dense", "outputs": 10 }"#;

#[test]
fn sizes_follow_from_the_layers() {
    let stages = stages(&network(&[C1, POOL, OUTPUT].join(","))).unwrap();
    assert_eq!(stages[0].weight_shape().unwrap(), [6, 1, 5, 5]);
    assert_eq!(stages[1].weight_shape(), None);
    // Padding makes it 32 × 32, the kernel 28 × 28, the pool 14 × 14.
    assert_eq!(stages[2].weight_shape().unwrap(), [10, 6 * 14 * 14]);
    assert_eq!(stages[2].tensor("bias"), "output.bias");
    let macs = exact_macs(&network(&[C1, POOL, OUTPUT].join(","))).unwrap();
    assert_eq!(macs, 6 * 28 * 28 * 25);
}

#[test]
fn what_does_not_fit_is_named() {
    let nine = OUTPUT.replace("10", "9");
    let error = stages(&network(&[C1, POOL, &nine].join(","))).unwrap_err();
    assert!(matches!(error, DescriptionError::Outputs(9)), "{error}");
    let odd = POOL.replace('2', "8");
    let error = stages(&network(&[C1, &odd, OUTPUT].join(","))).unwrap_err().to_string();
    assert!(error.contains("S8") && error.contains("28×28"), "{error}");
    let large = C1.replace("\"side\": 5", "\"side\": 40");
    let error = stages(&network(&[&large, OUTPUT].join(","))).unwrap_err().to_string();
    assert!(error.contains("C1") && error.contains("32×32"), "{error}");
}
