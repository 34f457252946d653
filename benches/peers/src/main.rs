//! Wengert compared with other libraries. The programs that compute a workload run by turns, and times are compared within each
//! round, because the speed of a machine varies from minute to minute.

mod options;
mod programs;
mod table;

use options::Options;
use programs::Program;
use std::fs::File;
use std::io::Write;
use table::{Line, Results};

fn main() {
    let options = Options::of(std::env::args().skip(1)).unwrap_or_else(|message| {
        eprintln!("{message}\n\n{}", options::USAGE);
        std::process::exit(2);
    });
    programs::build(&options.build);
    let programs = programs::available(&options);
    let mut file = options.save.as_ref().map(|path| File::create(path).expect("a file that can be written"));
    let mut results = Results::default();
    for &workload in &options.workloads {
        for &threads in &options.threads {
            eprintln!("{workload}, {threads} thread(s)");
            let start = |program: &Program| program.start(threads, workload, &options);
            let mut running: Vec<_> = programs.iter().filter_map(start).collect();
            for round in 0..options.rounds {
                for program in &mut running {
                    for text in program.turn() {
                        let Some(line) = Line::parse(&text, round, options.of) else {
                            eprintln!("  {}: not understood: {text}", program.name);
                            continue;
                        };
                        if let Some(file) = &mut file {
                            writeln!(file, "{text}").expect("a file that can be written");
                        }
                        results.add(line);
                    }
                }
            }
        }
    }
    print!("{}", results.table(&options.workloads, options.of));
}
