//! The text of a panic, and that it points at the caller's file.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static LAST: RefCell<(String, String)> = RefCell::default();
}

/// The text of a panic; it has to come from `here`.
pub(crate) fn mistake_in<R>(here: &str, f: impl FnOnce() -> R) -> String {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let payload = info.payload();
            let text = payload.downcast_ref::<String>().cloned();
            let text =
                text.or_else(|| Some((*payload.downcast_ref::<&str>()?).to_owned())).unwrap_or_default();
            let file = info.location().map(|l| l.file().to_owned()).unwrap_or_default();
            LAST.set((text, file));
        }));
    });
    assert!(panic::catch_unwind(AssertUnwindSafe(f)).is_err(), "no mistake was noticed");
    let (text, file) = LAST.take();
    assert!(file.ends_with(here), "`{text}` points at {file}, not at the caller");
    text
}
