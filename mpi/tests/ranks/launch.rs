//! Ranks of this very program, started by `mpirun`, and what became of them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, io, thread};

/// Nothing that a test starts may take longer.
const MOST: Duration = Duration::from_secs(60);

/// What came of a run.
pub(crate) struct Ran {
    /// Whether every rank ended well.
    pub(crate) well: bool,
    /// What all ranks printed.
    pub(crate) text: String,
    /// From the fault that a rank told of to the end of `mpirun`.
    pub(crate) after_the_fault: Option<Duration>,
    /// What each rank was told of it, and how long after it.
    pub(crate) told: Vec<Told>,
}

/// An error that a rank got.
pub(crate) struct Told {
    pub(crate) rank: usize,
    pub(crate) error: String,
    pub(crate) after_the_fault: Duration,
}

impl Ran {
    /// The lines that begin with a word, without it.
    pub(crate) fn lines<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.text.lines().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '))
    }
}

/// Runs so many ranks of a scenario.
pub(crate) fn mpirun(ranks: usize, scenario: &[impl AsRef<OsStr>]) -> Ran {
    mpirun_within(MOST, ranks, scenario).unwrap_or_else(|| panic!("{ranks} ranks hung for {MOST:?}"))
}

/// Runs them, and ends them after so long: then there is nothing to tell.
pub(crate) fn mpirun_within(most: Duration, ranks: usize, scenario: &[impl AsRef<OsStr>]) -> Option<Ran> {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "-n", &ranks.to_string()]).arg(this_program());
    // As root, which containers often are, Open MPI wants to be told twice.
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    run(command.arg("rank").args(scenario), most)
}

/// Runs the scenario without `mpirun`.
pub(crate) fn alone(scenario: &[impl AsRef<OsStr>]) -> Ran {
    run(Command::new(this_program()).arg("rank").args(scenario), MOST).expect("one rank waits for nobody")
}

fn this_program() -> PathBuf {
    env::current_exe().expect("a program has a path")
}

fn run(command: &mut Command, most: Duration) -> Option<Ran> {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", piped.get_program()));
    let (out, err) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    let [out, err] = [read(out), read(err)];
    let begun = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status,
            None if begun.elapsed() < most => thread::sleep(Duration::from_millis(2)),
            None => {
                end(&mut child);
                return None;
            }
        }
    };
    let ended = now();
    let text = [out, err].map(|reader| reader.join().expect("the reader does not panic")).concat();
    Some(Ran::of(status.success(), text, ended))
}

/// Ends a process and, if it is `mpirun`, its ranks.
fn end(child: &mut Child) {
    let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    for _ in 0..100 {
        if asked.is_err() || child.try_wait().is_ok_and(|status| status.is_some()) {
            break;
        }
        thread::sleep(Duration::from_millis(50));
    }
    child.kill().ok();
    child.wait().ok();
}

impl Ran {
    fn of(well: bool, text: String, ended: Duration) -> Ran {
        let at = |nanos: &str| nanos.parse().ok().map(Duration::from_nanos);
        let fault = text.lines().find_map(|line| at(line.strip_prefix("FAULT ")?));
        let told = |line: &str| {
            let mut words = line.strip_prefix("TOLD ")?.splitn(3, ' ');
            let after_the_fault = at(words.next()?)?.saturating_sub(fault?);
            let (rank, error) = (words.next()?.parse().ok()?, words.next()?.to_owned());
            Some(Told { rank, error, after_the_fault })
        };
        let told = text.lines().filter_map(told).collect();
        Ran { well, told, after_the_fault: fault.map(|at| ended.saturating_sub(at)), text }
    }
}

fn read(mut pipe: impl io::Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = vec![];
        pipe.read_to_end(&mut bytes).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Since 1970: a clock that processes share.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970")
}

/// Tells the test a line, at once and in one piece: those of several ranks would mix.
pub(crate) fn tell(line: &str) {
    io::Write::write_all(&mut io::stderr(), format!("\n{line}\n").as_bytes()).expect("the test listens");
}

/// Tells the test that the fault comes now.
pub(crate) fn tell_fault() {
    tell(&format!("FAULT {}", now().as_nanos()));
}

/// Tells the test what error this rank got.
pub(crate) fn tell_error(rank: usize, error: &dyn std::error::Error) {
    tell(&format!("TOLD {} {rank} {error}", now().as_nanos()));
}
