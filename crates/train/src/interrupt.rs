//! Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// What is true once the user has pressed Ctrl-C. There is one handler for the program, whoever asks.
///
/// Where the signal is ignored or has a handler already, that stays and this is never true: a shell ignores it for `train &` in a
/// script, and whoever started the program so wants it not to be stopped.
pub(crate) fn pressed() -> Arc<AtomicBool> {
    static PRESSED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let pressed = PRESSED.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&flag);
        let handler = move || {
            if set.swap(true, Ordering::Relaxed) {
                // The second time: what a shell reports of a program that the signal has ended.
                std::process::exit(130);
            }
        };
        let _ = ctrlc::try_set_handler(handler);
        flag
    });
    Arc::clone(pressed)
}
