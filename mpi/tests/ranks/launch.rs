//! Ranks of this very program, started by `mpirun`, and what became of them.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
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
pub(crate) fn mpirun(ranks: usize, scenario: &[impl AsRef<OsStr>]) -> Result<Ran, String> {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "-n", &ranks.to_string()]).arg(this_program()?);
    // As root, which containers often are, Open MPI wants to be told twice.
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    run(command.arg("rank").args(scenario))
}

/// Runs the scenario without `mpirun`.
pub(crate) fn alone(scenario: &[impl AsRef<OsStr>]) -> Result<Ran, String> {
    run(Command::new(this_program()?).arg("rank").args(scenario))
}

fn this_program() -> Result<std::path::PathBuf, String> {
    env::current_exe().map_err(|error| format!("the test's own path: {error}"))
}

fn run(command: &mut Command) -> Result<Ran, String> {
    let program = format!("{:?}", command.get_program());
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|error| format!("{program}: {error}"))?;
    let (out, err) = (child.stdout.take().expect("it is piped"), child.stderr.take().expect("it is piped"));
    let [out, err] = [read(out), read(err)];
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < MOST => thread::sleep(Duration::from_millis(2)),
            other => {
                child.kill().ok();
                child.wait().ok();
                return Err(format!("{program} hung for {MOST:?} ({other:?})"));
            }
        }
    };
    let ended = now();
    let text = [out, err].map(|reader| reader.join().expect("the reader does not panic")).concat();
    let at = |nanos: &str| nanos.parse().ok().map(Duration::from_nanos);
    let fault = text.lines().find_map(|line| at(line.strip_prefix("FAULT ")?));
    let told = |line: &str| {
        let [time, rank, error] = *line.strip_prefix("TOLD ")?.splitn(3, ' ').collect::<Vec<_>>() else {
            return None;
        };
        let after_the_fault = at(time)?.saturating_sub(fault?);
        Some(Told { rank: rank.parse().ok()?, error: error.to_owned(), after_the_fault })
    };
    Ok(Ran {
        well: status.success(),
        told: text.lines().filter_map(told).collect(),
        after_the_fault: fault.map(|at| ended.saturating_sub(at)),
        text,
    })
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
