//! Programs on a host that plays the device, against the interpreter, bit for bit. The programs are those of the crate `emit`.

#[path = "../../../emit/tests/bits/attended.rs"]
mod attended;
#[path = "../../../emit/tests/bits/draw.rs"]
mod draw;
#[path = "../../../emit/tests/bits/functions.rs"]
mod functions;
mod host;
#[path = "../../../emit/tests/bits/kernels.rs"]
mod kernels;
mod loops;
mod machine;
#[path = "../../../emit/tests/bits/host.rs"]
#[expect(dead_code, reason = "`host` has a `check` of its own")]
mod plain;
mod player;
mod products;
mod training;
mod whole;
#[path = "../../../emit/tests/bits/windows.rs"]
mod windows;
