//! The options of the command line.

use std::path::PathBuf;

pub const USAGE: &str = "\
cargo run --release --manifest-path benches/peers/Cargo.toml -- [OPTIONS]

  --workloads W3-f32,W4   which workloads; W6 stands for all that begin so (all)
  --peers torch,jax       which peers; torch stands for all that begin so (all that are there; `none`)
  --threads 1,2           with how many threads (1,2)
  --rounds 9              how many turns each program has (9)
  --seconds 0.3           how long a step is measured in a round (0.3)
  --avx2                  everybody is held to AVX2, whatever the machine has
  --of median             what a round counts of its samples: median, or min on a busy machine; or the memory
                          of the whole program at its peak, without that at its start: memory (median)
  --build candle,burn     build these first; once is enough
  --python PATH           the interpreter (benches/peers/venv if there, else python3)
  --save FILE             write every measurement as a line of JSON";

const WORKLOADS: [&str; 22] = [
    "W1",
    "W2",
    "W3-f32",
    "W3-f64",
    "W4",
    "W5",
    "W6-1000000",
    "W6-10000",
    "W6-100",
    "W7",
    "W8-hvp",
    "W8-hessian",
    "W9",
    "W10",
    "W11",
    "W12-embedding",
    "W12-cumsum",
    "W12-sort",
    "W13",
    "W14-200",
    "W14-1000",
    "W15",
];

pub struct Options {
    pub workloads: Vec<&'static str>,
    pub peers: Option<Vec<String>>,
    pub threads: Vec<usize>,
    pub rounds: usize,
    pub seconds: f64,
    /// Whether everybody is held to AVX2.
    pub avx2: bool,
    /// The field of a measurement that counts.
    pub of: &'static str,
    pub build: Vec<String>,
    pub python: PathBuf,
    pub save: Option<PathBuf>,
}

impl Options {
    pub fn of(mut args: impl Iterator<Item = String>) -> Result<Options, String> {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/venv/bin/python");
        let mut options = Options {
            workloads: WORKLOADS.to_vec(),
            peers: None,
            threads: vec![1, 2],
            rounds: 9,
            seconds: 0.3,
            avx2: false,
            of: "median_s",
            build: vec![],
            python: if PathBuf::from(here).exists() { here } else { "python3" }.into(),
            save: None,
        };
        while let Some(name) = args.next() {
            if name == "--avx2" {
                options.avx2 = true;
                continue;
            }
            let value = args.next().ok_or(format!("`{name}` without a value"))?;
            let list = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
            let wrong = |_| format!("`{name} {value}`: not a number");
            match name.as_str() {
                "--workloads" => options.workloads = workloads(&list())?,
                "--peers" => options.peers = Some(list()),
                "--threads" => {
                    options.threads =
                        list().iter().map(|n| n.parse()).collect::<Result<_, _>>().map_err(wrong)?;
                }
                "--rounds" => options.rounds = value.parse().map_err(wrong)?,
                "--seconds" => {
                    options.seconds = value.parse().map_err(|_| format!("`{name} {value}`: not a number"))?
                }
                "--of" if value == "median" => options.of = "median_s",
                "--of" if value == "min" => options.of = "min_s",
                "--of" if value == "memory" => options.of = "memory_b",
                "--build" => options.build = list(),
                "--python" => options.python = value.into(),
                "--save" => options.save = Some(value.into()),
                _ => return Err(format!("`{name}` is not an option")),
            }
        }
        Ok(options)
    }

    /// Whether a peer is to take part.
    pub fn wants(&self, peer: &str) -> bool {
        self.peers.as_ref().is_none_or(|wanted| wanted.iter().any(|name| peer.starts_with(name.as_str())))
    }
}

fn workloads(names: &[String]) -> Result<Vec<&'static str>, String> {
    // The whole name, or what stands before the dash: W1 is not W10.
    let is = |workload: &str, name: &str| {
        workload.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    match names.iter().find(|name| !WORKLOADS.iter().any(|workload| is(workload, name))) {
        Some(name) => Err(format!("`{name}` is no workload; there are {}", WORKLOADS.join(", "))),
        None => {
            let wanted = |workload: &&str| names.iter().any(|name| is(workload, name));
            Ok(WORKLOADS.into_iter().filter(wanted).collect())
        }
    }
}
