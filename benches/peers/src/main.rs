//! Wengert beside other libraries: every program that is there computes every workload, round by round, and the times are
//! compared within each round, since a machine is not the same from one minute to the next.

mod options;
mod programs;
mod table;

use options::Options;
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
    for round in 0..options.rounds {
        for &threads in &options.threads {
            for program in &programs {
                eprintln!("round {} of {}: {}, {threads} thread(s)", round + 1, options.rounds, program.name);
                for text in program.run(threads, &options) {
                    let Some(line) = Line::parse(&text, round, options.of) else {
                        eprintln!("  not understood: {text}");
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
    print!("{}", results.table(&options.workloads));
}
