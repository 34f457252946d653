//! The programs: their list, whether they are built, and how one is run.

use crate::options::Options;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Code for this very processor.
const NATIVE: &str = "-C target-cpu=native";

/// The peers in Rust.
const IN_RUST: [&str; 5] = ["candle", "burn", "dfdx", "ferrotorch", "scalar"];

/// Script, modes, and the modules it imports.
const IN_PYTHON: [(&str, &[&str], &str); 3] = [
    ("numpy", &[], "numpy"),
    ("torch", &["lean", "compile", "eager"], "numpy, torch"),
    ("jax", &[], "numpy, jax"),
];

/// How libraries are told to use nothing beyond AVX2: PyTorch and what it calls, JAX, NumPy and what it calls.
const AVX2: [(&str, &str); 6] = [
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
    ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
    ("XLA_FLAGS", "--xla_cpu_max_isa=AVX2"),
    ("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR"),
    ("OPENBLAS_CORETYPE", "Haswell"),
];

/// What measures workloads.
pub struct Program {
    pub name: String,
    command: Vec<PathBuf>,
}

/// Builds peers for this very processor and across crates, our own program as a user would.
pub fn build(peers: &[String]) {
    for peer in peers {
        let package = format!("peer-{peer}");
        let mut cargo = cargo_build(&package, NATIVE);
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "thin").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1");
        assert!(cargo.status().is_ok_and(|status| status.success()), "{package} does not build");
    }
    let built = cargo_build("peer-ours", "").status();
    assert!(built.is_ok_and(|status| status.success()), "our own program does not build");
}

fn cargo_build(package: &str, flags: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--release", "--package", package, "--manifest-path"])
        .arg(format!("{HERE}/Cargo.toml"));
    cargo.arg("--target-dir").arg(target(flags)).env("RUSTFLAGS", flags);
    cargo
}

/// Builds with other flags have another target folder, so that neither replaces the other.
fn target(flags: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the path of this program");
    let target = own.ancestors().nth(2).expect("a folder `release` in the target folder");
    if flags.is_empty() { target.to_owned() } else { target.join("native") }
}

/// The selected programs that are ready, ours first. The others are named with what they lack.
pub fn available(options: &Options) -> Vec<Program> {
    let binary = |peer: &str, flags: &str| target(flags).join("release").join(format!("peer-{peer}"));
    let limit = options.avx2.then(|| "--vectors=256".into());
    let ours = [binary("ours", "")].into_iter().chain(limit).collect();
    let mut programs = vec![Program { name: "ours".to_owned(), command: ours }];
    for (script, modes, modules) in IN_PYTHON {
        let path = PathBuf::from(format!("{HERE}/python/{script}_peer.py"));
        let command = vec![options.python.clone(), path];
        let all = match modes {
            [] => vec![Program { name: script.to_owned(), command }],
            _ => modes.iter().map(|&mode| Program::in_mode(script, &command, mode)).collect(),
        };
        let wanted: Vec<_> = all.into_iter().filter(|program| options.wants(&program.name)).collect();
        if wanted.is_empty() || imports(&options.python, modules) {
            programs.extend(wanted);
        } else {
            eprintln!("left out: {script}, since {} does not import {modules}", options.python.display());
        }
    }
    for peer in IN_RUST.into_iter().filter(|peer| options.wants(peer)) {
        if options.avx2 {
            eprintln!("left out: {peer}, whose matrix products cannot be held to AVX2");
            continue;
        }
        let path = binary(peer, NATIVE);
        if path.exists() {
            programs.push(Program { name: peer.to_owned(), command: vec![path] });
        } else {
            eprintln!("left out: {peer}, which is not built (`--build {peer}`)");
        }
    }
    programs
}

fn imports(python: &Path, modules: &str) -> bool {
    let mut command = Command::new(python);
    command.args(["-c", &format!("import {modules}")]).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Program {
    fn in_mode(script: &str, command: &[PathBuf], mode: &str) -> Program {
        let command = command.iter().cloned().chain([mode.into()]).collect();
        Program { name: format!("{script}-{mode}"), command }
    }

    /// Starts the program for a workload and waits until it is ready. None if it does not compute that. With one thread
    /// it is bound to one core where the system can do that.
    pub fn start(&self, threads: usize, workload: &str, options: &Options) -> Option<Running> {
        let core = if threads == 1 { core_to_pin() } else { None };
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string()]).arg(&self.command[0]);
                command
            }
            None => Command::new(&self.command[0]),
        };
        command.args(&self.command[1..]);
        command.args([&threads.to_string(), &options.seconds.to_string(), workload]);
        for variable in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS", "MATMUL_NUM_THREADS"] {
            command.env(variable, threads.to_string());
        }
        command.envs(AVX2.into_iter().filter(|_| options.avx2));
        let mut child = match command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("  {} does not start: {error}", self.name);
                return None;
            }
        };
        let answers = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut running = Running { name: self.name.clone(), child, answers };
        running.answer().map(|_| running)
    }
}

/// A program that waits for its turn.
pub struct Running {
    pub name: String,
    child: Child,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Lets it measure; the lines that it prints.
    pub fn turn(&mut self) -> Vec<String> {
        let asked = self.child.stdin.as_mut().is_some_and(|stdin| writeln!(stdin).is_ok());
        let lines = if asked { self.answer() } else { None };
        lines.unwrap_or_else(|| {
            eprintln!("  {} has ended", self.name);
            vec![]
        })
    }

    /// The lines up to an empty one; none if it has ended.
    fn answer(&mut self) -> Option<Vec<String>> {
        let mut lines = vec![];
        loop {
            match self.answers.next()?.ok()? {
                line if line.is_empty() => return Some(lines),
                line => lines.push(line),
            }
        }
    }
}

impl Drop for Running {
    /// Without input it ends by itself.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The last core that this process may use, if there is `taskset`.
fn core_to_pin() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let last = allowed.trim().rsplit([',', '-']).next()?.parse().ok()?;
    let found = Command::new("taskset").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success()).then_some(last)
}
