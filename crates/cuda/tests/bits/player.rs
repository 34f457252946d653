//! A host that plays one kernel: all threads of all blocks, in an order that is drawn, with barriers that are real. What two
//! threads do to the same memory without a barrier between them goes wrong here.
#![allow(unsafe_code, reason = "what the C compiler made is called")]

use crate::machine::{Host, compiled};
use cuda::Error;
use cuda::machine::{Address, Graph, Module, Node, Repeat, Whole};
use libloading::{Library, Symbol};
use std::rc::Rc;

/// The macros of the kernels, as a host has them that plays single threads.
const BEFORE: &str = include_str!("player.h");
/// Who runs next.
const AFTER: &str = include_str!("player.c");

/// A text of one kernel that calls all others.
#[derive(Debug)]
pub(crate) struct Player {
    host: Host,
    text: String,
}

impl Player {
    pub(crate) fn new(host: &Host, text: &str) -> Player {
        Player { host: host.clone(), text: text.to_owned() }
    }
}

impl Module for Player {
    fn graph(&self, _: &[Node]) -> Result<Box<dyn Graph>, Error> {
        unreachable!("these kernels are called by one")
    }

    fn whole(&self, whole: &Whole) -> Result<Box<dyn Repeat>, Error> {
        let arguments: String =
            (0..whole.arguments.len()).map(|i| format!(", (char *)host_arguments[{i}]")).collect();
        let call = format!("#define HOST_CALL wg_whole(host_steps{arguments})");
        let library = Rc::new(compiled(&format!("{BEFORE}{}{call}{AFTER}", self.text)));
        Ok(Box::new(Playing { host: self.host.clone(), library, whole: whole.clone() }))
    }
}

#[derive(Debug)]
struct Playing {
    host: Host,
    library: Rc<Library>,
    whole: Whole,
}

impl Repeat for Playing {
    fn launch(&self, steps: usize) -> Result<(), Error> {
        self.host.launched()?;
        let Whole { arguments, blocks, threads, shared } = &self.whole;
        assert!(*blocks >= 1 && (32..=1024).contains(threads) && threads % 32 == 0);
        let (seed, forgotten) = (self.host.below(1 << 30) as u32, self.host.forgotten_barrier());
        let forgotten = forgotten.map_or(-1, |barrier| barrier as i32);
        type F = extern "C" fn(i32, i32, i64, i64, *const Address, u32, i32) -> i32;
        // SAFETY: the library has this function with this type; the addresses are those of the host's memory.
        let bad = unsafe {
            let play: Symbol<'_, F> = self.library.get(b"wg_play").expect("a player");
            play(
                *blocks as i32,
                *threads as i32,
                *shared as i64,
                steps as i64,
                arguments.as_ptr(),
                seed,
                forgotten,
            )
        };
        assert_eq!(
            bad, 0,
            "1: threads wait for those that do not come; 2: a block wrote beyond what it shares"
        );
        Ok(())
    }
}
