//! What a fast Fourier transform of a length needs to know before it runs.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// The factors and the steps of a transform: they follow from its length and its direction. A program has them from the
/// trace on. Without the feature `fft` there is nothing in it.
#[derive(Clone)]
pub struct FftPlan {
    /// `rustfft`, without vector instructions, so that every machine does the same arithmetic.
    #[cfg(feature = "fft")]
    pub(crate) transform: std::sync::Arc<dyn rustfft::Fft<f64>>,
}

impl FftPlan {
    #[cfg(feature = "fft")]
    pub(crate) fn of(length: usize, inverse: bool) -> FftPlan {
        use rustfft::{FftDirection, FftPlannerScalar};
        let direction = if inverse { FftDirection::Inverse } else { FftDirection::Forward };
        FftPlan { transform: FftPlannerScalar::new().plan_fft(length.max(1), direction) }
    }

    #[cfg(not(feature = "fft"))]
    pub(crate) fn of(_length: usize, _inverse: bool) -> FftPlan {
        FftPlan {}
    }
}

// A transform only reads what it is made of, so a panic leaves nothing half done.
impl UnwindSafe for FftPlan {}
impl RefUnwindSafe for FftPlan {}

impl fmt::Debug for FftPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FftPlan")
    }
}
