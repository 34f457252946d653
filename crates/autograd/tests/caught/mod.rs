//! The text of a panic, and that it points at the caller's file.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
    static LAST: RefCell<(String, String, u32)> = RefCell::default();
}

/// The text of a panic; it has to come from `here`.
pub(crate) fn mistake_in<R>(here: &str, f: impl FnOnce() -> R) -> String {
    mistake_line(here, f).0
}

/// The text of a panic without the lines about the operands, which `tests/mistakes` of the facade looks at.
#[allow(dead_code, reason = "not every test needs it")]
pub(crate) fn mistake_without_operands<R>(here: &str, f: impl FnOnce() -> R) -> String {
    let text = mistake_in(here, f);
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(", recorded at ")).collect();
    lines.join("\n")
}

/// The text of a panic and the line it points at, which has to be one of the file `here`.
pub(crate) fn mistake_line<R>(here: &str, f: impl FnOnce() -> R) -> (String, u32) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !EXPECTED.get() {
                return usual(info);
            }
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().cloned();
            let text =
                text.or_else(|| Some((*payload.downcast_ref::<&str>()?).to_owned())).unwrap_or_default();
            let location = info.location().map(|l| (l.file().to_owned(), l.line())).unwrap_or_default();
            LAST.set((text, location.0, location.1));
        }));
    });
    EXPECTED.set(true);
    let caught = panic::catch_unwind(AssertUnwindSafe(f));
    EXPECTED.set(false);
    assert!(caught.is_err(), "no mistake was noticed");
    let (text, file, line) = LAST.take();
    assert!(file.ends_with(here), "`{text}` points at {file}, not at the caller");
    (text, line)
}
