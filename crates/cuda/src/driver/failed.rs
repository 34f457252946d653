//! The error of a call of the driver.

use crate::Error;
use cudarc::driver::result::DriverError;

/// The error of a call.
pub(super) fn failed(call: &'static str) -> impl Fn(DriverError) -> Error {
    move |error| Error::Device { call, message: error.to_string() }
}
