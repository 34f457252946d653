//! What the page calls: plain functions over numbers and two pieces of memory, the question and the answer.
//!
//! A page writes a text to where [`question`] says, calls, and reads as many bytes of the answer as the call returned. There is
//! one session, that of the page.
#![expect(unsafe_code, reason = "names that a page can call; no function here has an unsafe block")]

use crate::config::Config;
use crate::session::Session;
use std::sync::Mutex;

/// The longest question: a text of a session with all its points fits many times.
const LONGEST: usize = 1 << 16;

#[derive(Default)]
struct Page {
    question: Vec<u8>,
    answer: Vec<u8>,
    session: Option<Session>,
}

static PAGE: Mutex<Page> = Mutex::new(Page { question: vec![], answer: vec![], session: None });

/// A failure of the program ends it; the page says so.
fn with<R>(f: impl FnOnce(&mut Page) -> R) -> R {
    f(&mut PAGE.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

impl Page {
    fn say(&mut self, text: impl Into<Vec<u8>>) -> usize {
        self.answer = text.into();
        self.answer.len()
    }

    fn say_numbers(&mut self, numbers: &[f64]) -> usize {
        self.say(numbers.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect::<Vec<u8>>())
    }
}

/// Where a question of so many bytes goes; null if it is too long.
#[unsafe(no_mangle)]
extern "C" fn question(bytes: usize) -> *mut u8 {
    with(|page| {
        if bytes > LONGEST {
            return std::ptr::null_mut();
        }
        page.question = vec![0; bytes];
        page.question.as_mut_ptr()
    })
}

/// Where the answer is.
#[unsafe(no_mangle)]
extern "C" fn answer() -> *const u8 {
    with(|page| page.answer.as_ptr())
}

/// Begins a session by the text of the question. Negative if it was refused; then the answer says why.
#[unsafe(no_mangle)]
extern "C" fn begin() -> isize {
    with(|page| {
        let text = String::from_utf8_lossy(&page.question).into_owned();
        let session = text.parse::<Config>().map_err(Into::into).and_then(Session::new);
        match session {
            Ok(session) => {
                let setting = session.setting().to_string();
                page.session = Some(session);
                page.say(setting) as isize
            }
            Err(error) => -(page.say(error.to_string()) as isize),
        }
    })
}

/// Takes so many steps.
#[unsafe(no_mangle)]
extern "C" fn train(steps: usize) {
    with(|page| page.session.iter_mut().for_each(|session| session.train(steps)));
}

/// The state as JSON.
#[unsafe(no_mangle)]
extern "C" fn state() -> usize {
    with(|page| {
        let text = page.session.as_mut().map(|session| session.state().to_string());
        page.say(text.unwrap_or_default())
    })
}

/// Every how many steps a loss was kept, and the losses, as `f32`.
#[unsafe(no_mangle)]
extern "C" fn losses() -> usize {
    with(|page| {
        let numbers = page.session.as_ref().map(|session| {
            let (losses, every) = session.losses();
            [&[every as f64], losses].concat()
        });
        page.say_numbers(&numbers.unwrap_or_default())
    })
}

/// What each neuron gives on a grid, as `f32`.
#[unsafe(no_mangle)]
extern "C" fn fields(side: usize) -> usize {
    with(|page| {
        let numbers = page.session.as_ref().map(|session| session.fields(side.clamp(1, 200)));
        page.say_numbers(&numbers.unwrap_or_default())
    })
}

/// The steps of a sample as JSON; nothing if there is no such sample.
#[unsafe(no_mangle)]
extern "C" fn pass(sample: usize) -> usize {
    with(|page| {
        let text =
            page.session.as_ref().and_then(|session| session.pass(sample)).map(|pass| pass.to_string());
        page.say(text.unwrap_or_default())
    })
}

/// The derivation of a neuron for a sample as HTML; nothing if there is none.
#[unsafe(no_mangle)]
extern "C" fn derivation(layer: usize, neuron: usize, sample: usize) -> usize {
    with(|page| {
        let text = page.session.as_ref().and_then(|session| session.derivation(layer, neuron, sample));
        page.say(text.unwrap_or_default())
    })
}
