//! Where the time of a run goes. The one file that reads a clock.

use super::report::KernelLine;
use super::{Inputs, Program, ProgramError, State};
use crate::lists::{IntoList, sort_by};
use crate::params::Params;
use crate::text::{scaled, table};
use std::fmt;
use std::time::{Duration, Instant};

/// How long each kernel of a [`Program`] took: made by [`Program::profile`], to be printed. Needs the feature
/// `clock`, which is on by default.
#[derive(Clone, Debug)]
pub struct Profile {
    runs: usize,
    threads: usize,
    lines: Vec<KernelLine>,
    kernels: Vec<Duration>,
    overhead: Duration,
    total: Duration,
}

impl Program {
    /// Runs the kernels of the program so many times (at least once, after one run that is not counted) and gives the median time of
    /// each kernel, with its share, its floating-point operations and its bytes per second. Needs the feature `clock`,
    /// which is on by default.
    ///
    /// ```
    /// use autograd::{Params, Program};
    /// let params = Params::f32();
    /// let program = Program::trace(&params, |t| t.outputs(t.input("x", [64, 64]).exp().sum()))?;
    /// let mut state = program.state();
    /// let profile = program.profile(&mut state, &params, (&vec![0.5f32; 64 * 64],), 10)?;
    /// println!("{profile}");
    /// assert_eq!(profile.kernels().len(), program.kernels());
    /// # Ok::<(), autograd::ProgramError>(())
    /// ```
    ///
    /// # Errors
    /// As [`run`](Program::run).
    pub fn profile(
        &self,
        state: &mut State,
        params: &Params,
        inputs: impl Inputs,
        runs: usize,
    ) -> Result<Profile, ProgramError> {
        let (runs, kernels) = (runs.max(1), self.plan.kernels.len());
        self.run_watched(state, params, &inputs, |_| {})?;
        let mut marks: Vec<Instant> = Vec::with_capacity(kernels + 1);
        let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(runs); kernels];
        let (mut overheads, mut totals) = (Vec::with_capacity(runs), Vec::with_capacity(runs));
        for _ in 0..runs {
            marks.clear();
            let start = Instant::now();
            self.run_watched(state, params, &inputs, |_| marks.push(Instant::now()))?;
            let total = start.elapsed();
            for (times, pair) in times.iter_mut().zip(marks.windows(2)) {
                times.push(pair[1] - pair[0]);
            }
            totals.push(total);
            overheads.push(total - (marks[kernels] - marks[0]));
        }
        Ok(Profile {
            runs,
            threads: state.threads(),
            lines: self.lines(),
            kernels: times.into_iter().map(median).listed(),
            overhead: median(overheads),
            total: median(totals),
        })
    }
}

/// The middle one; of an even number the larger of the two in the middle.
fn median(mut times: Vec<Duration>) -> Duration {
    sort_by(&mut times, Duration::cmp);
    times[times.len() / 2]
}

impl Profile {
    /// The median time of each kernel, in the order of the plan.
    pub fn kernels(&self) -> &[Duration] {
        &self.kernels
    }

    /// The median time of a whole run.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The median time of a run outside of its kernels: binding inputs, and waking threads.
    pub fn overhead(&self) -> Duration {
        self.overhead
    }
}

/// A line for each kernel, in the order of the plan; shares are those of the whole run.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["#", "kind", "µs", "%", "GFLOP/s", "GB/s", "ops", "source"];
        let micros = |t: Duration| format!("{:.2}", t.as_secs_f64() * 1e6);
        let share = |t: Duration| match self.total.as_secs_f64() {
            0.0 => "–".to_owned(),
            total => format!("{:.1}", 100.0 * t.as_secs_f64() / total),
        };
        let mut rows: Vec<Vec<String>> = vec![];
        for (i, (line, &time)) in self.lines.iter().zip(&self.kernels).enumerate() {
            let rate = |n: usize| match time.as_secs_f64() {
                0.0 => "–".to_owned(),
                seconds => format!("{:.2}", n as f64 / seconds / 1e9),
            };
            let (ops, site) = (line.ops.clone(), line.site.clone());
            let (flops, bytes) = (rate(line.flops), rate(line.bytes));
            rows.push(vec![
                i.to_string(),
                line.kind.to_owned(),
                micros(time),
                share(time),
                flops,
                bytes,
                ops,
                site,
            ]);
        }
        let between = ["", "between", &micros(self.overhead), &share(self.overhead), "", "", "", ""];
        rows.push(between.map(str::to_owned).to_vec());
        f.write_str(&table(&head, &rows, &[1, 6, 7]))?;
        let threads =
            if self.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", self.threads) };
        let flops = self.lines.iter().map(|line| line.flops).sum::<usize>() as f64;
        write!(
            f,
            "\nwhole run {} µs, {} flops; medians of {} runs, {threads}",
            micros(self.total),
            scaled(flops, ""),
            self.runs
        )
    }
}
