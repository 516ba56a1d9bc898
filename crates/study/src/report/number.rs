//! Numbers as result files write them.

use serde::Serializer;

/// Four decimals: enough for every figure that is compared with the paper's.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub fn decimals<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("{number:.4}"))
}

/// [`decimals`], or an empty field.
pub fn optional_decimals<S: Serializer>(
    number: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => decimals(number, serializer),
        None => serializer.serialize_none(),
    }
}
