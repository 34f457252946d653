//! Measurements, compared within each round.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// One measurement.
pub struct Line {
    round: usize,
    peer: String,
    workload: String,
    threads: usize,
    seconds: f64,
    check: Vec<f64>,
}

impl Line {
    pub fn parse(text: &str, round: usize, of: &str) -> Option<Line> {
        let line: Value = serde_json::from_str(text).ok()?;
        Some(Line {
            round,
            peer: line["peer"].as_str()?.to_owned(),
            workload: line["workload"].as_str()?.to_owned(),
            threads: line["threads"].as_u64()? as usize,
            seconds: line[of].as_f64()?,
            check: line["check"].as_array()?.iter().filter_map(Value::as_f64).collect(),
        })
    }
}

/// All measurements of one peer in one workload: seconds by round, and what it computed.
#[derive(Default)]
struct Series {
    seconds: BTreeMap<usize, f64>,
    check: Vec<f64>,
}

impl Series {
    fn median(&self) -> f64 {
        median(self.seconds.values().copied().collect())
    }

    /// How many times as long as the other, the median over the rounds that both have.
    fn ratio_to(&self, other: &Series) -> f64 {
        let ratio = |(round, seconds): (&usize, &f64)| other.seconds.get(round).map(|ours| seconds / ours);
        median(self.seconds.iter().filter_map(ratio).collect())
    }

    fn agrees_with(&self, other: &Series) -> bool {
        self.check.iter().zip(&other.check).all(|(a, b)| (a - b).abs() <= 1e-3 * b.abs())
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

/// Our own ways to run a step.
const OURS: [&str; 5] = ["program", "eager", "scalar", "hand", "steps"];

type ByPeer = BTreeMap<String, Series>;

#[derive(Default)]
pub struct Results(BTreeMap<(String, usize), ByPeer>);

impl Results {
    pub fn add(&mut self, line: Line) {
        let series = self.0.entry((line.workload, line.threads)).or_default().entry(line.peer).or_default();
        series.seconds.insert(line.round, line.seconds);
        series.check = line.check;
    }

    /// The tables: the best peer of each workload, then all of them.
    /// `of` is the field that was measured.
    pub fn table(&self, workloads: &[&str], of: &str) -> String {
        let human = if of == "memory_b" { megabytes } else { human };
        let mut out = String::from(
            "\n| workload | threads | Wengert, program | many steps in a call | Wengert, eager | Wengert, scalar tape | best peer | its time to \
             ours | by hand |\n|---|---|---|---|---|---|---|---|---|\n",
        );
        let mut all = String::from(
            "\nEvery peer: its time, and how many times ours (the program's where there is one).\n\n",
        );
        for workload in workloads {
            for ((_, threads), peers) in self.0.iter().filter(|((name, _), _)| name == workload) {
                let ranking = ranking(workload, peers);
                let time =
                    |name| peers.get(name).map_or("–".to_owned(), |series: &Series| human(series.median()));
                let [program, eager, scalar, hand, steps] = OURS.map(time);
                let (best, ratio) = match ranking.first() {
                    Some(&(name, ratio)) => (format!("{name} {}", time(name)), times(ratio)),
                    None => ("–".to_owned(), "–".to_owned()),
                };
                writeln!(
                    out,
                    "| {workload} | {threads} | {program} | {steps} | {eager} | {scalar} | {best} | {ratio} | {hand} |"
                )
                .unwrap();
                let each: Vec<String> = ranking
                    .iter()
                    .map(|&(name, ratio)| format!("{name} {} ({})", time(name), times(ratio)))
                    .collect();
                if !each.is_empty() {
                    writeln!(all, "* {workload}, {threads} thread(s): {}", each.join(", ")).unwrap();
                }
            }
        }
        out + &all
    }
}

/// The peers that computed the same as we did, with their times to ours, best first. The others are named.
fn ranking<'a>(workload: &str, peers: &'a ByPeer) -> Vec<(&'a str, f64)> {
    let Some(ours) = OURS.iter().take(2).find_map(|&name| peers.get(name)) else {
        return peers.keys().map(|name| (name.as_str(), f64::NAN)).collect();
    };
    let mut ranking = vec![];
    for (name, series) in peers.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
        if series.agrees_with(ours) {
            ranking.push((name.as_str(), series.ratio_to(ours)));
        } else {
            eprintln!("left out: {name} in {workload}, {:?} where we have {:?}", series.check, ours.check);
        }
    }
    ranking.sort_by(|a, b| a.1.total_cmp(&b.1));
    ranking
}

/// A ratio, where there is something to compare with.
fn times(ratio: f64) -> String {
    if ratio.is_nan() { "–".to_owned() } else { format!("{ratio:.2}×") }
}

fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// Three digits and a unit.
fn human(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-6 => (s * 1e9, "ns"),
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s => (s, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}
