//! Numbers in JSON, which has none that are not finite.

use serde_json::Value;

/// A number; `"NaN"`, `"∞"` or `"−∞"` for what is none.
pub(crate) fn number(x: f64) -> Value {
    match x {
        _ if x.is_finite() => x.into(),
        _ if x.is_nan() => "NaN".into(),
        _ if x > 0.0 => "∞".into(),
        _ => "−∞".into(),
    }
}

pub(crate) fn numbers<'a>(x: impl IntoIterator<Item = &'a f64>) -> Value {
    x.into_iter().map(|&x| number(x)).collect()
}

/// The rows of a matrix.
pub(crate) fn rows(x: &[f64], columns: usize) -> Value {
    x.chunks(columns).map(numbers).collect()
}
