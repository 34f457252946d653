//! Catching the panic of a case: its text and where it was raised.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Once;

use crate::args::Unknown;
use crate::format::FormatError;

/// A panic that was caught.
#[derive(Debug)]
pub(crate) struct Panicked {
    pub(crate) text: String,
    /// The source file the panic names: the caller's, where `#[track_caller]` hands it on.
    file: String,
    line: u32,
    /// The stored data were at fault, not the code under test.
    pub(crate) bad_data: bool,
    /// The case has a value that its handler does not know: which.
    pub(crate) unknown: Option<String>,
}

impl Panicked {
    /// Whether the panic points at the tests, as the refusal of a programmer's mistake must: it names
    /// the line that made the mistake.
    pub(crate) fn points_at_caller(&self) -> bool {
        let tests = Path::new(file!()).parent();
        tests.is_some_and(|tests| Path::new(&self.file).starts_with(tests))
    }

    pub(crate) fn describe(&self) -> String {
        format!("panicked at {}:{}: {}", self.file, self.line, self.text)
    }
}

thread_local! {
    /// `Some` while a case runs on this thread; then filled by the hook.
    static WATCHED: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// Runs `f`; a panic in it becomes an error and prints nothing.
pub(crate) fn caught<T>(f: impl FnOnce() -> T) -> Result<T, Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let quiet = WATCHED.with_borrow_mut(|watched| {
                let Some(raised) = watched else { return false };
                if let Some(at) = info.location() {
                    *raised = (at.file().to_owned(), at.line());
                }
                true
            });
            // Panics of other tests on other threads keep their usual report.
            if !quiet {
                previous(info);
            }
        }));
    });
    let outer = WATCHED.replace(Some((String::new(), 0)));
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let raised = WATCHED.replace(outer);
    result.map_err(|payload| {
        let (file, line) = raised.unwrap_or_default();
        let data = payload.downcast_ref::<FormatError>();
        let text = data.map(ToString::to_string);
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        let text = text.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
        let text = text.unwrap_or_else(|| "(a panic without a text)".to_owned());
        let unknown = payload.downcast_ref::<Unknown>().map(|unknown| unknown.0.clone());
        let unknown = unknown.or_else(|| data.and_then(|error| error.unknown.clone()));
        Panicked { text, file, line, bad_data: data.is_some(), unknown }
    })
}
